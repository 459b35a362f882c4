// FlatUpdate on a GPU: the same arithmetic in a handful of launches for all tensors together. What differs from step to
// step lies in the GPU's memory, so that the launches can be captured as a graph.
#pragma once

#include <memory>
#include <vector>

#include "libtrain/optim/update_rules.hpp"

namespace eoshard::train {

class FlatUpdateCuda {
 public:
  /// Puts the tables of places on the current device.
  FlatUpdateCuda(const UpdateOptions& options, const std::vector<UpdatePlace>& places);
  ~FlatUpdateCuda();

  /// Rate and number, counted from 1, of the steps that come behind it in the order of `stream` (a cudaStream_t).
  template <class Real>
  void set_step(double rate, std::int64_t step, void* stream);

  /// As FlatUpdate::apply with what set_step() has set, in the order of `stream`. All vectors lie on the device, and so
  /// does the squared norm.
  template <class Real>
  void apply(const FlatVectors<Real>& vectors, void* stream);

 private:
  struct Tables;
  UpdateOptions options_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace eoshard::train
