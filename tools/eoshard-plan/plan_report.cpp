#include "tools/eoshard-plan/plan_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "libingest/core/counter_random.hpp"
#include "libingest/pipeline/work_plan.hpp"

namespace eoshard {
namespace {

using namespace eoshard::ingest;
using Json = nlohmann::ordered_json;

constexpr std::size_t kLoadsInALine = 12;
constexpr std::uint64_t kDrawPurpose = 0x706c616e;  // "plan"

// The busiest rank's seconds, shared by its cores.
double estimated_s(const MethodBalance& balance, int cores_per_rank) {
  return balance.plan.makespan() / cores_per_rank;
}

std::string method_line(const RankBalance& balance, const MethodBalance& method, const BalanceReport& report) {
  const bool is_first = &method == &balance.methods.front();
  return fmt::format("{:>7} {}{:<12}{:>14.3f}{:>17.3f}{:>16.1f}{:>17.1f}\n",
                     is_first ? std::to_string(balance.ranks) : "", method.method == report.chosen ? '*' : ' ',
                     name_of(method.method), method.plan.imbalance(), method.patch_imbalance, method.plan.makespan(),
                     estimated_s(method, report.cores_per_rank));
}

std::string load_lines(const RankBalance& balance, AssignMethod chosen) {
  const std::vector<double>& loads = balance.of(chosen).plan.load_of_rank;
  std::string text = fmt::format("\nSeconds of each of {} ranks by {}, from rank 0:", balance.ranks, name_of(chosen));
  for (std::size_t rank = 0; rank < loads.size(); ++rank) {
    if (rank % kLoadsInALine == 0) text += "\n ";
    text += fmt::format(" {:8.1f}", loads[rank]);
  }
  return text + "\n";
}

Json to_json(const MethodBalance& balance, int cores_per_rank) {
  return {{"makespan_over_ideal", balance.plan.imbalance()},
          {"patches_max_over_mean", balance.patch_imbalance},
          {"busiest_rank_s", balance.plan.makespan()},
          {"estimated_s", estimated_s(balance, cores_per_rank)},
          {"load_of_rank_s", balance.plan.load_of_rank}};
}

Json to_json(const RankBalance& balance, int cores_per_rank) {
  Json methods = Json::object();
  for (const MethodBalance& method : balance.methods)
    methods[std::string(name_of(method.method))] = to_json(method, cores_per_rank);
  return {{"ranks", balance.ranks}, {"methods", methods}};
}

}  // namespace

const MethodBalance& RankBalance::of(AssignMethod method) const {
  return *std::find_if(methods.begin(), methods.end(), [&](const auto& balance) { return balance.method == method; });
}

std::uint64_t BalanceReport::patches() const {
  return std::accumulate(products.begin(), products.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ProductWork& product) { return sum + product.patches; });
}

double BalanceReport::core_seconds() const {
  const std::vector<double> costs = unit_costs(products);
  return std::accumulate(costs.begin(), costs.end(), 0.0);
}

std::vector<RankBalance> compare_methods(std::span<const ProductWork> products, std::span<const int> ranks) {
  std::vector<RankBalance> balances;
  for (const int count : ranks) {
    RankBalance balance{count, {}};
    for (const AssignMethod method : kAssignMethods) {
      WorkAssignment plan = assign_products(products, method, count);
      const double patches = patch_imbalance(plan, products);
      balance.methods.push_back({method, std::move(plan), patches});
    }
    balances.push_back(std::move(balance));
  }
  return balances;
}

std::vector<ProductWork> draw_products(std::span<const ProductWork> products, int count, std::uint64_t seed) {
  std::vector<ProductWork> drawn;
  for (int draw = 0; draw < count; ++draw) {
    const double place = random_unit(seed, kDrawPurpose, static_cast<std::uint64_t>(draw));
    const auto index = static_cast<std::size_t>(place * static_cast<double>(products.size()));
    drawn.push_back(products[std::min(index, products.size() - 1)]);
  }
  return drawn;
}

std::string report_text(const BalanceReport& report) {
  std::string text = fmt::format("{} products, {} patches, {:.0f} core-seconds of extraction\n", report.products.size(),
                                 report.patches(), report.core_seconds());
  text += fmt::format("{:>7}  {:<12}{:>14}{:>17}{:>16}{:>17}\n", "ranks", "method", "busiest/mean", "patches max/mean",
                      "busiest rank s",
                      fmt::format("s on {} core{}", report.cores_per_rank, report.cores_per_rank == 1 ? "" : "s"));
  for (const RankBalance& balance : report.balances) {
    for (const MethodBalance& method : balance.methods) text += method_line(balance, method, report);
  }
  for (const RankBalance& balance : report.balances) text += load_lines(balance, report.chosen);
  return text;
}

std::string report_json(const BalanceReport& report) {
  Json plans = Json::array();
  for (const RankBalance& balance : report.balances) plans.push_back(to_json(balance, report.cores_per_rank));
  return Json{{"products", report.products.size()},
              {"patches", report.patches()},
              {"core_seconds", report.core_seconds()},
              {"cores_per_rank", report.cores_per_rank},
              {"assign", name_of(report.chosen)},
              {"rates", Json::parse(rates_json(report.rates))},
              {"plans", plans}}
             .dump(2) +
         "\n";
}

}  // namespace eoshard
