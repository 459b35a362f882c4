// What a run is made of before it begins: the dataset as the network sees it, the device, the network, the rules.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "libingest/core/log.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libtrain/core/train_options.hpp"
#include "libtrain/data/split_reader.hpp"
#include "libtrain/forward_pass.hpp"
#include "libtrain/loss/loss.hpp"
#include "libtrain/model/network.hpp"
#include "libtrain/train_step.hpp"
#include "libtrain/training_state.hpp"
#include "libtrain/weights_info.hpp"

namespace eoshard::train {

// A dataset as the network sees it. An empty split has no reader.
struct OpenDataset {
  ingest::DatasetManifest manifest;
  std::vector<std::string> classes;  // that are learnt: the manifest's own but for --nomenclature
  InputSpec input;
  Task task = Task::multi_label;
  std::map<std::string, std::unique_ptr<SplitReader>> splits;

  const SplitReader& split(const std::string& name) const { return *splits.at(name); }
  bool has(const std::string& name) const { return splits.contains(name); }
};

/// Opens options.data for training. Collective. @throws Error{input|usage}, agreed on, when it does not fit the
/// options.
OpenDataset open_for_training(const TrainOptions& options, const Communicator& world);

/// Numbers of the training split's samples that are learnt from (see select_samples). Collective.
std::vector<std::int64_t> select_training_samples(const TrainOptions& options, const OpenDataset& dataset,
                                                  const Communicator& world);

/// Opens one split of options.data as the network described by `input` saw its training data. Collective.
OpenDataset open_for_evaluation(const TrainOptions& options, const std::string& split, const WeightsInfo& weights,
                                const Communicator& world);

/// The device that options.device means for this rank; a GPU becomes the calling thread's own (see take_gpu).
/// Collective.
at::Device choose_device(const TrainOptions& options, const Communicator& world);

/// The network that training begins with. Collective.
std::unique_ptr<Network> make_initial_network(const TrainOptions& options, const OpenDataset& dataset,
                                              const Communicator& world, const Log& log);

/// The network of a run's weights, loaded from the run's folder. Collective.
std::unique_ptr<Network> load_trained_network(const std::filesystem::path& run, const WeightsInfo& weights,
                                              const Communicator& world);

/// Collective. @throws Error{usage}, agreed on, where --local-steps finds ranks with unequal shares of a step.
void check_local_steps(const TrainOptions& options, const Communicator& world);

/// The options with the threads a rank that an unfinished run in their folder was begun with, where they name no number
/// (0); another number is warned of. Collective.
TrainOptions keep_threads(TrainOptions options, const Communicator& world, const Log& log);

/// Collective. @throws Error{usage}, agreed on, naming a rank that was given other options, other threads or another
/// dataset than rank 0.
void check_agreement(const TrainOptions& options, const Communicator& world);

UpdateRules update_rules(const TrainOptions& options);
LossOptions loss_options(const TrainOptions& options, const OpenDataset& dataset, at::Device device);
/// All but the plan and this rank's part in it.
StepOptions step_options(const TrainOptions& options, const OpenDataset& dataset, at::Device device);
Precision parse_precision(const std::string& name);

/// Resolves what is automatic, threads included, and makes paths absolute, so that a run can be resumed from anywhere;
/// sets this process's threads and arithmetic. Collective.
TrainOptions settle_options(TrainOptions options, const Communicator& world);

}  // namespace eoshard::train
