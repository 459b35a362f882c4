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
};

/// A script for sbatch that runs eoshard-train from `programs` with these options; `arguments` are the command line's.
/// Paths are made absolute.
std::string slurm_script(const SlurmRequest& request, const TrainOptions& options,
                         const std::vector<std::string>& arguments, const std::filesystem::path& programs);

}  // namespace eoshard::train
