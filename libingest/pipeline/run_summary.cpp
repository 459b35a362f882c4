#include "libingest/pipeline/run_summary.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>

namespace eoshard::ingest {
namespace {

using Json = nlohmann::ordered_json;

rusage usage_of_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double to_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

struct Spread {
  double minimum = 0, mean = 0, maximum = 0;
};

template <class Select>
Spread spread_of(const std::vector<RankTimes>& ranks, const Select& select) {
  Spread spread{select(ranks.front()), 0, 0};
  for (const RankTimes& rank : ranks) {
    const double value = select(rank);
    spread.minimum = std::min(spread.minimum, value);
    spread.maximum = std::max(spread.maximum, value);
    spread.mean += value / static_cast<double>(ranks.size());
  }
  return spread;
}

constexpr const char* kPredicted = "predicted_extract_cpu";

struct Quantity {
  std::string name;
  Spread spread;
};

// Everything that is told of ranks, in the order of a run.
std::vector<Quantity> quantities(const RunSummary& summary) {
  std::vector<Quantity> all;
  const auto add = [&](std::string_view name, const std::function<double(const RankTimes&)>& select) {
    all.push_back({std::string(name), spread_of(summary.ranks, select)});
  };
  add("scan", [](const RankTimes& rank) { return rank.scan_s; });
  add("extract", [](const RankTimes& rank) { return rank.extract_s; });
  for (std::size_t stage = 0; stage < kStageNames.size(); ++stage)
    add(kStageNames[stage], [=](const RankTimes& rank) { return rank.stage[stage]; });
  add("wait", [](const RankTimes& rank) { return rank.wait_s; });
  add("assemble", [](const RankTimes& rank) { return rank.assemble_s; });
  add("cpu", [](const RankTimes& rank) { return rank.cpu_s; });
  add("extract_cpu", [](const RankTimes& rank) { return rank.extract_cpu_s; });
  add(kPredicted, [](const RankTimes& rank) { return rank.predicted_cpu_s; });
  return all;
}

}  // namespace

double process_cpu_seconds() {
  const rusage usage = usage_of_process();
  return to_seconds(usage.ru_utime) + to_seconds(usage.ru_stime);
}

double peak_memory_bytes() { return 1024.0 * static_cast<double>(usage_of_process().ru_maxrss); }

void gather_times(RankTimes times, const StageTimes& stages, int threads, const Communicator& world,
                  RunSummary& summary) {
  double busy_s = 0;
  for (std::size_t stage = 0; stage < kStageNames.size(); ++stage) {
    times.stage[stage] = stages.seconds(static_cast<Stage>(stage));
    busy_s += times.stage[stage];
  }
  times.wait_s = std::max(threads * times.extract_s - busy_s, 0.0);
  times.cpu_s = process_cpu_seconds();
  times.peak_memory_bytes = peak_memory_bytes();
  summary.threads = threads;
  summary.ranks = world.all_gather(std::span<const RankTimes>(&times, 1));
}

std::string to_json_text(const RunSummary& summary) {
  Json seconds = Json::object();
  for (const Quantity& quantity : quantities(summary)) {
    seconds[quantity.name] = {
        {"min", quantity.spread.minimum}, {"mean", quantity.spread.mean}, {"max", quantity.spread.maximum}};
  }
  Json ranks = Json::array();
  for (const RankTimes& rank : summary.ranks) {
    ranks.push_back({{"extract_cpu_s", rank.extract_cpu_s},
                     {"predicted_extract_cpu_s", rank.predicted_cpu_s},
                     {"peak_memory_bytes", rank.peak_memory_bytes}});
  }
  return Json{{"ranks", summary.ranks.size()},    {"threads", summary.threads},  {"wall_s", summary.wall_s},
              {"extracted_bytes", summary.bytes}, {"seconds_per_rank", seconds}, {"by_rank", ranks}}
      .dump();
}

std::string to_text(const RunSummary& summary) {
  std::string text = fmt::format("{} ranks of {} threads, {:.1f} s; seconds a rank, min / mean / max:\n",
                                 summary.ranks.size(), summary.threads, summary.wall_s);
  for (const Quantity& quantity : quantities(summary)) {
    if (quantity.name == kPredicted && quantity.spread.maximum == 0) continue;  // nothing was predicted
    text += fmt::format("  {:<22} {:>9.2f} {:>9.2f} {:>9.2f}\n", quantity.name, quantity.spread.minimum,
                        quantity.spread.mean, quantity.spread.maximum);
  }
  return text;
}

}  // namespace eoshard::ingest
