// The job script of slurm/train.sh for one configuration, in one file that needs no other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libtrain/core/train_options.hpp"

namespace eoshard::train {

struct SlurmRequest {
  int nodes = 1;
  int gpus_per_node = 0;  ///< tasks a node, too; 0 = one task a node, on its CPUs
  // As sbatch's options of these names; where one is not given, the script's own stays.
  int cpus_per_task = 0;
  std::string time;
  std::string partition;
  std::string account;
  bool is_device_given = false;  ///< by the command line or a configuration

  int tasks() const { return nodes * (gpus_per_node > 0 ? gpus_per_node : 1); }
};

/// Trains on the GPUs that are asked for where nothing says on what to train.
/// @throws Error{usage} when the device is another one than the job would reserve.
void choose_device(const SlurmRequest& request, TrainOptions& options);

/// A sentence on ranks that would have nothing to do in some epoch; empty where all have. `options` are resolved.
std::string idle_ranks(const SlurmRequest& request, const TrainOptions& options);

/// A script for sbatch that runs eoshard-train from `programs` with these options; `arguments` are the command line's.
/// Paths are made absolute. choose_device() comes first. @throws Error{usage} when the time limit leaves no time before
/// the signal that asks the job to stop.
std::string slurm_script(const SlurmRequest& request, const TrainOptions& options,
                         const std::vector<std::string>& arguments, const std::filesystem::path& programs);

}  // namespace eoshard::train
