// From a parsed command line to the options of a run: files of --config and the run of --resume beneath what was given.
#pragma once

#include "libingest/mpi/communicator.hpp"
#include "tools/eoshard-train/train_arguments.hpp"

namespace eoshard::train {

/// Options that were given, over those of --config, or over the run's own with --resume. The root reads the files.
/// Collective. @throws Error{usage}, agreed on, when they are of no use together, or a file does not hold options.
TrainOptions gather_options(CommandLine& line, const Communicator& world);

/// Whether only the files say which device is meant.
bool is_device_in_files(const CommandLine& line);

/// Whether the command line or a configuration says on what to train. After gather_options().
bool is_device_given(const CommandLine& line);

}  // namespace eoshard::train
