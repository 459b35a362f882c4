// What a network says of one split: every sample once, gathered from all ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libingest/mpi/communicator.hpp"
#include "libtrain/data/batch_loader.hpp"
#include "libtrain/forward_pass.hpp"
#include "libtrain/score_report.hpp"

namespace eoshard::train {

struct EvaluationOptions {
  std::int64_t micro_batch_size = 32;
  int loader_threads = 1;
  std::function<bool()> is_stop_requested;  ///< asked before every micro-batch; empty: never
};

struct EvaluationResult {
  double loss = 0;                              ///< mean over samples, without class weights and label smoothing
  ScoreTable table;                             ///< of the samples below, the same on every rank
  std::vector<std::int64_t> samples;            ///< of the split, all but damaged ones that it skips
  std::map<std::int64_t, std::string> damaged;  ///< those, and what is wrong with them
  double images_per_second = 0;
};

/// The network must be in evaluation mode. The loss is summed in the order of micro-batches, so that it is the same
/// for any number of ranks. A rank that is asked to stop breaks off; the result is empty, on all ranks, where one has.
/// Collective.
std::optional<EvaluationResult> evaluate(const ForwardPass& pass, const SplitReader& split,
                                         const EvaluationOptions& options, const Communicator& world,
                                         const std::function<void(std::int64_t)>& report_samples);

/// Input of the network's last layer for every sample, (whole samples, features) in storage order, the same on every
/// rank. Collective. @throws Error{usage}, agreed on, where the network does not give it.
std::vector<float> collect_embeddings(const ForwardPass& pass, const SplitReader& split,
                                      const EvaluationOptions& options, const Communicator& world);

}  // namespace eoshard::train
