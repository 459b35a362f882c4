// eoshard-train: trains a network on a dataset, scores it, and goes on where a run was interrupted.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/trainer.hpp"
#include "tools/common/program.hpp"

namespace eoshard::train {
namespace {

constexpr int kRestartMe = 75;  // EX_TEMPFAIL of sysexits.h: stopped on request, saved, to be run again

volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int) { stop_requested = 1; }

struct CommandLine {
  TrainOptions options;
  std::string resume;
  std::string progress = "auto";
  bool is_overwritten = false;
  std::vector<std::pair<std::string, const CLI::Option*>> declared;  // field of TrainOptions, its option
};

// Declares an option for a field of TrainOptions: "--batch-size" fills batch_size.
template <class Value>
CLI::Option* declare(CLI::App& app, CommandLine& line, const std::string& field, Value& value,
                     const std::string& help) {
  std::string name = field;
  std::replace(name.begin(), name.end(), '_', '-');
  CLI::Option* option = app.add_option("--" + name, value, help);
  line.declared.emplace_back(field, option);
  return option;
}

void declare_data_options(CLI::App& app, CommandLine& line) {
  TrainOptions& options = line.options;
  declare(app, line, "data", options.data, "Dataset folder");
  declare(app, line, "out", options.out, "Run folder; an unfinished run of the same options goes on");
  declare(app, line, "bands", options.bands, "Input bands in this order, e.g. B04,B03,B02; default all")
      ->delimiter(',');
  declare(app, line, "augment", options.augment, "Any of flip, rotate90; or none")->delimiter(',');
  declare(app, line, "loader_threads", options.loader_threads, "Threads a rank that read ahead; 0 = automatic")
      ->check(CLI::Range(0, 1024));
}

void declare_training_options(CLI::App& app, CommandLine& line) {
  TrainOptions& options = line.options;
  declare(app, line, "model", options.model, "Network")->check(CLI::IsMember({"resnet18", "resnet50"}));
  declare(app, line, "epochs", options.epochs, "Passes over the training split")->check(CLI::Range(1, 1000000));
  declare(app, line, "batch_size", options.batch_size, "Samples a step, over all ranks")->check(CLI::Range(1, 1 << 24));
  declare(app, line, "micro_batch_size", options.micro_batch_size,
          "Samples a forward pass, part of the experiment; 0 = largest divisor of the batch size up to 32")
      ->check(CLI::Range(0, 1 << 24));
  declare(app, line, "max_steps", options.max_steps, "End training after this many steps in all; 0 = no limit")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 62));
  declare(app, line, "seed", options.seed, "Of initial weights, order and augmentation")->check(seed_number());
}

void declare_optimizer_options(CLI::App& app, CommandLine& line) {
  TrainOptions& options = line.options;
  declare(app, line, "optimizer", options.optimizer, "Update rule")->check(CLI::IsMember({"sgd"}));
  declare(app, line, "learning_rate", options.learning_rate, "After the warm-up")->check(finite_nonnegative());
  declare(app, line, "momentum", options.momentum, "Of the gradients")->check(number_between(0, 1));
  line.declared.emplace_back("nesterov",
                             app.add_flag("--nesterov,!--no-nesterov", options.nesterov, "Nesterov momentum"));
  declare(app, line, "weight_decay", options.weight_decay, "L2, not on biases and batch-norm parameters")
      ->check(finite_nonnegative());
  declare(app, line, "warmup_epochs", options.warmup_epochs, "Linear warm-up")->check(finite_nonnegative());
  declare(app, line, "warmup_start_factor", options.warmup_start_factor, "First rate as a share of the learning rate")
      ->check(number_between(0, 1));
  declare(app, line, "schedule", options.schedule, "Rate after the warm-up")->check(CLI::IsMember({"multistep"}));
  declare(app, line, "milestones", options.milestones, "Epochs after which the rate is multiplied by gamma")
      ->delimiter(',');
  declare(app, line, "gamma", options.gamma, "Factor at a milestone")->check(finite_nonnegative());
}

void declare_machine_options(CLI::App& app, CommandLine& line) {
  TrainOptions& options = line.options;
  declare(app, line, "precision", options.precision, "Of convolutions and products")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  declare(app, line, "device", options.device, "Where to compute")->check(CLI::IsMember({"cpu", "cuda"}));
  declare(app, line, "threads", options.threads, "Computing threads a rank; 0 = its share of the node's cores")
      ->check(CLI::Range(0, 1024));
  declare(app, line, "keep_checkpoints", options.keep_checkpoints, "Newest checkpoints to keep")
      ->check(CLI::Range(1, 1000));
}

void declare_options(CLI::App& app, CommandLine& line) {
  declare_data_options(app, line);
  declare_training_options(app, line);
  declare_optimizer_options(app, line);
  declare_machine_options(app, line);
  app.add_option("--resume", line.resume, "Go on with this unfinished run, with the options of its config.json");
  app.add_flag("--overwrite", line.is_overwritten, "Start anew over an earlier run in --out");
  app.add_option("--progress", line.progress, "On stderr: auto (on a terminal), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.footer("Exit status: 0 finished, 1 failure, 2 misuse, 75 stopped by SIGTERM or SIGUSR1 and saved: run it again.");
}

// Options that were given, over the run's own with --resume.
TrainOptions gather_options(const CommandLine& line) {
  if (line.resume.empty()) {
    if (line.options.data.empty()) throw Error(ErrorKind::usage, "--data is required");
    if (line.options.out.empty()) throw Error(ErrorKind::usage, "--out is required");
    return line.options;
  }
  if (inspect_run(line.resume) == RunState::absent) {
    throw Error(ErrorKind::usage, fmt::format("--resume: there is no run in {}", line.resume));
  }
  std::vector<std::string> given;
  for (const auto& [field, option] : line.declared) {
    if (option->count() > 0) given.push_back(field);
  }
  TrainOptions options = overlay_options(read_configuration(line.resume).options, line.options, given);
  options.out = line.resume;
  return options;
}

void print_table(const std::string& result_text) {
  const auto result = nlohmann::json::parse(result_text);
  const auto number = [](const nlohmann::json& json, const char* key) { return json.at(key).get<double>(); };
  const auto row = [&](const std::string& name, double precision, double recall, double f1,
                       const std::string& support) {
    fmt::print(stderr, "{:<58.58} {:>9.3f} {:>9.3f} {:>9.3f} {:>9}\n", name, precision, recall, f1, support);
  };
  std::uint64_t all_support = 0;
  for (const auto& one : result.at("per_class")) all_support += one.at("support").get<std::uint64_t>();
  const std::string support = std::to_string(all_support);
  fmt::print(stderr, "\n{:<58} {:>9} {:>9} {:>9} {:>9}\n",
             fmt::format("{} split, weights of epoch {} ({})", result.at("split").get<std::string>(),
                         result.at("epoch").get<int>(), result.at("chosen_by").get<std::string>()),
             "precision", "recall", "F1", "support");
  for (const auto& one : result.at("per_class")) {
    row(one.at("name").get<std::string>(), number(one, "precision"), number(one, "recall"), number(one, "f1"),
        std::to_string(one.at("support").get<std::uint64_t>()));
  }
  row("micro average", number(result, "precision_micro"), number(result, "recall_micro"), number(result, "f1_micro"),
      support);
  row("macro average", number(result, "precision_macro"), number(result, "recall_macro"), number(result, "f1_macro"),
      support);
  if (result.contains("accuracy")) fmt::print(stderr, "{:<58} {:>9.3f}\n", "accuracy", number(result, "accuracy"));
}

int run(const CommandLine& line, const Communicator& world, const Log& log) {
  std::signal(SIGTERM, request_stop);
  std::signal(SIGUSR1, request_stop);
  TrainOptions options;
  ProgressMode mode{};
  world.agree([&] {
    options = gather_options(line);
    mode = parse_progress_mode(line.progress);
  });
  ProgressBar bar(mode, world.is_root());
  const TrainOutcome outcome = train(options, {world,
                                               log,
                                               [&](const Progress& progress) { bar.show(progress); },
                                               [] { return stop_requested != 0; },
                                               {line.is_overwritten, !line.resume.empty()}});
  bar.finish();
  if (!outcome.is_finished) {
    if (world.is_root()) log.info(fmt::format("stopped on request; run again to go on in {}", options.out));
    return kRestartMe;
  }
  if (world.is_root()) {
    print_table(outcome.result_json);
    std::cout << outcome.result_json << std::endl;
  }
  return 0;
}

// OpenMP's threads spin between parallel regions unless told otherwise, and take the cores from the loader's threads
// and from other ranks. Its library reads the variable when it is loaded, before main, so the program starts itself
// again with it set.
void ensure_passive_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", 1);
  ::execv("/proc/self/exe", argv);  // returns only on failure: then it just runs slower
}

}  // namespace
}  // namespace eoshard::train

int main(int argc, char** argv) {
  using namespace eoshard;
  train::ensure_passive_waiting(argv);
  train::CommandLine line;
  Program program;
  program.name = "eoshard-train";
  program.description = "Train a multispectral network on a dataset of eoshard-ingest, and score it";
  program.declare_options = [&](CLI::App& app) { train::declare_options(app, line); };
  program.run = [&](const Communicator& world, const Log& log) { return train::run(line, world, log); };
  return run_program(program, argc, argv);
}
