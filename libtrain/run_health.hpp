// What ends a run that has gone wrong by itself: losses and weights that are no numbers, ranks that differ.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "libingest/mpi/communicator.hpp"

namespace eoshard::train {

/// The step behind the run, for messages.
struct LastStep {
  std::int64_t number = 0;  ///< counted from 1
  double epoch = 0;         ///< at its beginning, counted from 0
  double learning_rate = 0;
  std::filesystem::path run;
};

/// @throws Error{input}, agreed: what is looked at is the same on every rank, so that all throw together.
[[noreturn]] void diverged(const std::string& what, const LastStep& step);

/// Before weights are evaluated or saved: they are finite, and the same on every rank. Collective.
/// @throws Error, agreed.
void check_weights(const at::Tensor& weights, const LastStep& step, const Communicator& world);

}  // namespace eoshard::train
