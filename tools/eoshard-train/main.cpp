// eoshard-train: trains a network on a dataset, scores it, and goes on where a run was interrupted.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>

#include "libingest/core/allocation.hpp"
#include "libingest/core/file.hpp"
#include "libingest/mpi/launched_rank.hpp"
#include "libingest/mpi/rank_watch.hpp"
#include "libingest/mpi/session.hpp"
#include "libingest/mpi/start_limit.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/collective_benchmark.hpp"
#include "libtrain/core/openmp_waiting.hpp"
#include "libtrain/dist/launcher_link.hpp"
#include "libtrain/evaluate_run.hpp"
#include "libtrain/gpu_memory.hpp"
#include "libtrain/input_benchmark.hpp"
#include "libtrain/step_benchmark.hpp"
#include "libtrain/trainer.hpp"
#include "tools/common/program.hpp"
#include "tools/eoshard-train/result_table.hpp"
#include "tools/eoshard-train/run_report.hpp"
#include "tools/eoshard-train/slurm_script.hpp"
#include "tools/eoshard-train/stop_signals.hpp"
#include "tools/eoshard-train/train_arguments.hpp"
#include "tools/eoshard-train/train_configuration.hpp"

namespace eoshard::train {
namespace {

void print_collectives(const CommandLine& line, const Communicator& world) {
  const std::string result = benchmark_collectives(world, line.options.device);
  if (!world.is_root()) return;
  fmt::print(stderr, "{}", collectives_table(result));
  std::cout << result << std::endl;
}

void print_schedule(const TrainOptions& options, const Communicator& world) {
  const std::string table = describe_schedule(options, world);
  if (world.is_root()) std::cout << table << std::flush;
}

struct JobScript {
  std::string text;
  std::string warning;  // empty where all is well
};

JobScript job_script(const CommandLine& line, TrainOptions options) {
  SlurmRequest request = line.slurm;
  request.is_device_given = is_device_given(line);
  choose_device(request, options);
  const std::string warning = idle_ranks(request, resolve_options(options));
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  return {slurm_script(request, options, line.arguments, program.parent_path()), warning};
}

void print_job_script(const CommandLine& line, const TrainOptions& options, const Communicator& world, const Log& log) {
  JobScript script;
  world.agree([&] { script = job_script(line, options); });
  if (!world.is_root()) return;
  if (!script.warning.empty()) log.warning(script.warning);
  std::cout << script.text << std::flush;
}

void print_result(const std::string& result_json) {
  fmt::print(stderr, "{}", result_table(result_json));
  std::cout << result_json << std::endl;
}

void write_report(const std::filesystem::path& run) {
  const std::string page =
      run_report(std::filesystem::weakly_canonical(run).filename().string(), read_text_file(run / kConfigName),
                 read_text_file(run / kMetricsName), read_text_file(run / kResultName));
  write_file(run / kReportName, page, Durability::rename_only);
}

int report_outcome(const TrainOutcome& outcome, const TrainOptions& options, const TrainSetting& setting) {
  if (!outcome.is_finished) {
    if (setting.world.is_root()) {
      setting.log.info(fmt::format("stopped on request; run again to go on in {}", options.out));
    }
    return kRunMeAgain;
  }
  setting.world.agree([&] {
    if (setting.world.is_root()) write_report(options.out);
  });
  if (setting.world.is_root()) print_result(outcome.result_json);
  return 0;
}

// Whether --time-limit has passed since the call of this function.
std::function<bool()> time_limit(double limit_s) {
  const auto start = std::chrono::steady_clock::now();
  return [=] {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return limit_s > 0 && passed.count() >= limit_s;
  };
}

int train_or_evaluate(const CommandLine& line, const TrainOptions& options, const Communicator& world, const Log& log,
                      StartLimit& start) {
  ProgressBar bar(parse_progress_mode(line.progress), world.is_root());
  const auto is_time_up = time_limit(line.time_limit_s);
  const TrainSetting setting{world,
                             log,
                             [&](const Progress& progress) {
                               RankWatch::note_progress();
                               bar.show(progress);
                             },
                             [&] { return is_stop_signalled() || is_time_up(); },
                             {line.is_overwritten, !line.resume.empty()},
                             line.is_traced};
  const RankWatch watch(world, line.rank_timeout_s, log);
  start.met();
  const bool is_evaluation = !line.evaluation.run.empty();
  if (!is_evaluation) note_stop_signals();
  TrainOutcome outcome;
  if (is_evaluation) {
    outcome.result_json = evaluate_run(line.evaluation, options, setting);
  } else {
    outcome = train(options, setting);
  }
  bar.finish();
  world.barrier();  // the watch ends on all ranks at once
  if (!is_evaluation) return report_outcome(outcome, options, setting);
  if (world.is_root()) print_result(outcome.result_json);
  return 0;
}

// What a rank was started for, in the words of its command line.
std::string describe_work(const CommandLine& line) {
  const std::pair<bool, const char*> flags[] = {{line.is_collective_benchmark, "--benchmark-collectives"},
                                                {line.is_schedule_wanted, "--print-schedule"},
                                                {line.is_slurm_wanted, "--print-slurm"},
                                                {line.is_input_benchmark, "--benchmark-input"},
                                                {line.is_step_benchmark, "--benchmark-step"},
                                                {!line.evaluation.run.empty(), "--evaluate"},
                                                {line.is_overwritten, "--overwrite"},
                                                {!line.resume.empty(), "--resume"},
                                                {line.is_traced, "--trace"}};
  std::string work = fmt::format("--rank-timeout {} --time-limit {}", line.rank_timeout_s, line.time_limit_s);
  for (const auto& [is_given, name] : flags) {
    if (is_given) work += fmt::format(" {}", name);
  }
  return work;
}

// Ranks that do different work would wait for each other in different places.
void check_same_work(const CommandLine& line, const Communicator& world) {
  const std::string own = describe_work(line), there = world.broadcast(own);
  world.agree([&] {
    if (own == there) return;
    throw Error(ErrorKind::usage, fmt::format("rank {} was started with {}, but rank 0 with {}; start all ranks with "
                                              "one command line",
                                              world.rank(), own, there));
  });
}

// The script trains, and goes on by itself whenever the job is put back into the queue.
void check_job(const CommandLine& line) {
  if (!line.is_slurm_wanted) return;
  const std::pair<bool, const char*> refused[] = {
      {line.is_overwritten,
       "--overwrite, which would throw away what is trained whenever the job starts again; remove "
       "the earlier run by hand, or name another --out"},
      {!line.evaluation.run.empty(), "--evaluate; slurm/evaluate.sh is for it"},
      {line.is_schedule_wanted, "--print-schedule"},
      {line.is_input_benchmark, "--benchmark-input"},
      {line.is_step_benchmark, "--benchmark-step"},
      {line.is_collective_benchmark, "--benchmark-collectives"}};
  for (const auto& [is_given, name] : refused) {
    if (is_given) throw Error(ErrorKind::usage, fmt::format("--print-slurm does not go with {}", name));
  }
}

// What takes no checkpoints is not watched either, but for its start.
int print_or_measure(const CommandLine& line, const TrainOptions& options, const Communicator& world, const Log& log) {
  if (line.is_schedule_wanted) {
    print_schedule(options, world);
  } else if (line.is_slurm_wanted) {
    print_job_script(line, options, world, log);
  } else if (line.is_input_benchmark) {
    std::cout << benchmark_input(options, {world, log, {}, {}, {}}) << std::endl;
  } else {
    std::cout << benchmark_step(options, {world, log, {}, {}, {}}) << std::endl;
  }
  return 0;
}

int run(CommandLine& line, const Communicator& world, const Log& log, StartLimit& start) {
  check_same_work(line, world);
  world.agree([&] { check_job(line); });
  if (line.is_collective_benchmark) {
    start.met();
    print_collectives(line, world);
    return 0;
  }
  const TrainOptions options = gather_options(line, world);
  if (!(line.is_schedule_wanted || line.is_slurm_wanted || line.is_input_benchmark || line.is_step_benchmark))
    return train_or_evaluate(line, options, world, log, start);
  start.met();
  return print_or_measure(line, options, world, log);
}

// Options that are of no use are reported later, in the course of the run.
bool is_for_gpus(CommandLine& line, const Communicator& world) {
  if (line.is_collective_benchmark || !is_device_in_files(line)) return line.options.device == "cuda";
  try {
    return gather_options(line, world).device == "cuda";
  } catch (const Error&) {
    return true;
  }
}

// NCCL sums the gradients of GPUs, so their ranks need MPI for messages only, which a store can pass on as well. Where
// a file says whether they are for GPUs, the root reads it, so they are connected first.
std::optional<Communicator> connect_gpus(CommandLine& line) {
  if (line.options.device != "cuda" && !is_device_in_files(line)) return std::nullopt;
  const std::optional<LaunchedRank> launched = rank_without_mpi([](const char* name) { return std::getenv(name); });
  if (!launched) return std::nullopt;
  Communicator world(link_by_launcher(*launched));
  if (!is_for_gpus(line, world)) return std::nullopt;
  return world;
}

CoresOfRank own_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const auto node = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  return {::sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : node, node};
}

EnvironmentSetting waiting_of_openmp(const std::vector<std::string>& arguments) {
  const char* threads = std::getenv("OMP_NUM_THREADS");
  int wanted = wanted_threads(arguments);
  if (wanted == 0 && threads != nullptr) wanted = std::atoi(threads);
  const int ranks = ranks_of_node([](const char* name) { return std::getenv(name); });
  return openmp_waiting(wanted, ranks, own_cores());
}

// OpenMP's library and malloc read their variables when they are loaded, before main, so the program starts itself
// again with them set. What the user has set stays.
void settle_environment(const std::vector<std::string>& arguments, char** argv) {
  std::vector<EnvironmentSetting> settings;
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && std::getenv("GOMP_SPINCOUNT") == nullptr)
    settings.push_back(waiting_of_openmp(arguments));
  // Tensors in pages of 2 MiB: fewer faults, and fewer misses of the address cache.
  if (std::getenv("GLIBC_TUNABLES") == nullptr) settings.push_back({"GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"});
  if (settings.empty()) return;
  for (const EnvironmentSetting& setting : settings) ::setenv(setting.name.c_str(), setting.value.c_str(), 1);
  std::error_code failure;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  hold_stop_signals();
  ::execv(program.c_str(), argv);  // returns only on failure: then it just runs slower
  end_on_stop_signals();
}

// Ranks load their libraries each at its own pace, from a file system that all load them from.
double start_timeout(double rank_timeout_s) {
  constexpr double kLeast_s = 60;
  return rank_timeout_s == 0 ? 0 : std::max(rank_timeout_s, kLeast_s);
}

}  // namespace
}  // namespace eoshard::train

int main(int argc, char** argv) {
  using namespace eoshard;
  train::end_on_stop_signals();
  train::CommandLine line;
  line.arguments.assign(argv + 1, argv + argc);
  train::settle_environment(line.arguments, argv);
  keep_freed_memory();  // every step takes and frees the same activations
  Program program;
  program.name = "eoshard-train";
  program.description = "Train a multispectral network on a dataset of eoshard-ingest, and score it";
  program.declare_options = [&](CLI::App& app) { train::declare_options(app, line); };
  program.mpi_threads = MpiThreads::in_turn;  // gradients are communicated by a thread of their own
  std::optional<StartLimit> start;
  program.connect = [&] {
    start.emplace(program.name, launcher_rank(), launcher_size(), train::start_timeout(line.rank_timeout_s));
    return train::connect_gpus(line);
  };
  program.run = [&](const Communicator& world, const Log& log) {
    int status = 0;
    train::advise_on_gpu_memory([&] { status = train::run(line, world, log, *start); });
    return status;
  };
  return run_program(program, argc, argv);
}
