// A network from a TorchScript file: any scripted module of images that returns logits, torchvision's and timm's too.
#pragma once

#include <memory>

#include "libtrain/model/network.hpp"

namespace eoshard::train {

/// Loads options.script, the content of the file options.name, and tries it on two images. Its own layers say what is
/// dropped in training; options.dropout, stochastic_depth and has_small_stem are not used.
/// @throws Error{input} when the file is no network in float32, refuses these images, gives another
///   number of classes, or does not tell training from evaluation (traced or frozen).
std::unique_ptr<Network> load_script_network(const NetworkOptions& options);

}  // namespace eoshard::train
