// The command line of eoshard-train: its options beside the variables that they fill.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libtrain/core/train_options.hpp"
#include "libtrain/evaluate_run.hpp"
#include "tools/eoshard-train/slurm_script.hpp"

namespace eoshard::train {

struct CommandLine {
  TrainOptions options;
  std::string resume;
  std::string config;
  std::string progress = "auto";
  EvaluateRequest evaluation;  ///< without a run: train
  double time_limit_s = 0;
  bool is_overwritten = false;
  bool is_schedule_wanted = false;
  bool is_input_benchmark = false;
  bool is_step_benchmark = false;
  bool is_collective_benchmark = false;
  bool is_slurm_wanted = false;
  SlurmRequest slurm;
  std::vector<std::string> arguments;  ///< of the command line, without the program
  bool is_traced = false;
  double rank_timeout_s = 300;
  std::vector<std::pair<std::string, CLI::Option*>> declared;  ///< field of TrainOptions, its option
};

/// Declares every option; `line` must outlive the parsing.
void declare_options(CLI::App& app, CommandLine& line);

}  // namespace eoshard::train
