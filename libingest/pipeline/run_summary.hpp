// Where the time of a run went: on each rank, and over all of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/stage_times.hpp"

namespace eoshard::ingest {

/// Seconds of one rank. Trivially copyable: ranks exchange it as bytes.
struct RankTimes {
  double scan_s = 0;                               ///< wall
  double extract_s = 0;                            ///< wall
  double assemble_s = 0;                           ///< wall
  double extract_cpu_s = 0;                        ///< of all threads, user and system
  double predicted_cpu_s = 0;                      ///< what the plan expected of extract_cpu_s
  std::array<double, kStageNames.size()> stage{};  ///< wall, summed over threads: by Stage
  double wait_s = 0;                               ///< extraction: threads × wall less the stages
  double cpu_s = 0;                                ///< of the whole run
  double peak_memory_bytes = 0;                    ///< resident set
};

struct RunSummary {
  int threads = 0;               ///< of each rank
  double wall_s = 0;             ///< of rank 0, from start to commit
  std::uint64_t bytes = 0;       ///< decoded pixel bytes of the candidates that were extracted in this run
  std::vector<RankTimes> ranks;  ///< in rank order
};

/// CPU seconds of this process so far, user and system.
double process_cpu_seconds();

/// Largest resident set of this process so far.
double peak_memory_bytes();

/// Completes a rank's `times` by those of its stages and of the process, and gathers all ranks'. Collective.
void gather_times(RankTimes times, const StageTimes& stages, int threads, const Communicator& world,
                  RunSummary& summary);

/// The run summary as a JSON object: wall and CPU seconds, and of each stage the least, mean and greatest over ranks.
std::string to_json_text(const RunSummary& summary);

/// The same for people: a few lines.
std::string to_text(const RunSummary& summary);

}  // namespace eoshard::ingest
