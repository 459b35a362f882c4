// Weights of another network of the same kind as a starting point: other bands in, other classes out.
#pragma once

#include <string>
#include <vector>

#include "libtrain/model/network.hpp"

namespace eoshard::train {

/// What to do with the first convolution when the weights are for another number of bands: `average` gives every band
/// the mean over the old bands times old / new, so that equal bands give the same response; `skip` keeps the draws.
enum class FirstConvolution { average, skip };

struct PretrainedRules {
  FirstConvolution first_convolution = FirstConvolution::average;
  bool is_head_kept = false;  ///< false: the last layer keeps its draws
};

/// Copies `weights` (state-dict names; float32, float64, or half precision) into the network's parameters and
/// batch-norm statistics. Returns the names of those that were left as they are.
/// @throws Error{input} naming the first tensors that are missing, unknown or of another shape.
std::vector<std::string> load_pretrained(Network& network, const NamedTensors& weights, const PretrainedRules& rules);

}  // namespace eoshard::train
