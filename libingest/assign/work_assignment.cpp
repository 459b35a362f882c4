#include "libingest/assign/work_assignment.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <queue>
#include <set>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// The bracket of the bisection begins a few per cent wide: 2^-14 of that is far below what costs are known to.
constexpr int kBisections = 14;

double cost_of(std::span<const double> costs_s, int unit) { return costs_s[static_cast<std::size_t>(unit)]; }

std::vector<int> longest_first(std::span<const double> costs_s) {
  std::vector<int> order(costs_s.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return cost_of(costs_s, a) > cost_of(costs_s, b); });
  return order;
}

void check_ranks(int ranks) {
  if (ranks < 1) throw Error(ErrorKind::internal, "work is dealt to at least one rank");
}

WorkAssignment idle_ranks(int ranks) {
  return {std::vector<std::vector<int>>(static_cast<std::size_t>(ranks)),
          std::vector<double>(static_cast<std::size_t>(ranks), 0)};
}

void give(WorkAssignment& plan, int rank, int unit, double cost_s) {
  plan.units_of_rank[static_cast<std::size_t>(rank)].push_back(unit);
  plan.load_of_rank[static_cast<std::size_t>(rank)] += cost_s;
}

// Empty when the units do not fit into ranks of this capacity in this order.
std::optional<WorkAssignment> pack(std::span<const double> costs_s, std::span<const int> order, int ranks,
                                   double capacity_s) {
  WorkAssignment plan = idle_ranks(ranks);
  std::set<std::pair<double, int>> room;  // seconds left, rank
  for (int rank = 0; rank < ranks; ++rank) room.insert(room.end(), {capacity_s, rank});
  for (const int unit : order) {
    const double cost_s = cost_of(costs_s, unit);
    const auto fullest = room.lower_bound({cost_s, -1});
    if (fullest == room.end()) return std::nullopt;
    auto place = room.extract(fullest);
    give(plan, place.value().second, unit, cost_s);
    place.value().first -= cost_s;
    room.insert(std::move(place));
  }
  return plan;
}

}  // namespace

double WorkAssignment::makespan() const {
  return load_of_rank.empty() ? 0 : *std::max_element(load_of_rank.begin(), load_of_rank.end());
}

double WorkAssignment::ideal() const {
  return load_of_rank.empty() ? 0
                              : std::accumulate(load_of_rank.begin(), load_of_rank.end(), 0.0) /
                                    static_cast<double>(load_of_rank.size());
}

double WorkAssignment::imbalance() const { return ideal() > 0 ? makespan() / ideal() : 1; }

WorkAssignment assignment_of(std::vector<std::vector<int>> units_of_rank, std::span<const double> costs_s) {
  std::vector<bool> is_given(costs_s.size());
  WorkAssignment plan = idle_ranks(static_cast<int>(units_of_rank.size()));
  for (std::size_t rank = 0; rank < units_of_rank.size(); ++rank) {
    for (const int unit : units_of_rank[rank]) {
      const auto index = static_cast<std::size_t>(unit);
      if (unit < 0 || index >= costs_s.size() || is_given[index])
        throw Error(ErrorKind::internal, "a unit of work is given twice, or is none");
      is_given[index] = true;
      plan.load_of_rank[rank] += costs_s[index];
    }
  }
  if (std::find(is_given.begin(), is_given.end(), false) != is_given.end())
    throw Error(ErrorKind::internal, "a unit of work is given to nobody");
  plan.units_of_rank = std::move(units_of_rank);
  return plan;
}

WorkAssignment assign_longest_first(std::span<const double> costs_s, int ranks) {
  check_ranks(ranks);
  struct Rank {
    double load;
    int number;
    bool operator>(const Rank& other) const { return load != other.load ? load > other.load : number > other.number; }
  };
  std::priority_queue<Rank, std::vector<Rank>, std::greater<>> least_loaded;
  for (int rank = 0; rank < ranks; ++rank) least_loaded.push({0, rank});

  WorkAssignment plan = idle_ranks(ranks);
  for (const int unit : longest_first(costs_s)) {
    const int rank = least_loaded.top().number;
    least_loaded.pop();
    give(plan, rank, unit, cost_of(costs_s, unit));
    least_loaded.push({plan.load_of_rank[static_cast<std::size_t>(rank)], rank});
  }
  return plan;
}

WorkAssignment assign_by_packing(std::span<const double> costs_s, int ranks) {
  WorkAssignment best = assign_longest_first(costs_s, ranks);
  if (costs_s.empty()) return best;
  const std::vector<int> order = longest_first(costs_s);
  double too_small = std::max(best.ideal(), cost_of(costs_s, order.front()));  // no plan beats this
  for (int step = 0; step < kBisections && too_small < best.makespan(); ++step) {
    const double capacity = (too_small + best.makespan()) / 2;
    auto packed = pack(costs_s, order, ranks, capacity);
    if (packed && packed->makespan() < best.makespan()) {
      best = std::move(*packed);
    } else {
      too_small = capacity;
    }
  }
  return best;
}

}  // namespace eoshard::ingest
