#include "libingest/assign/work_assignment.hpp"

#include <algorithm>
#include <numeric>
#include <queue>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {

double WorkAssignment::makespan() const {
  return load_of_rank.empty() ? 0 : *std::max_element(load_of_rank.begin(), load_of_rank.end());
}

double WorkAssignment::ideal() const {
  return load_of_rank.empty() ? 0
                              : std::accumulate(load_of_rank.begin(), load_of_rank.end(), 0.0) /
                                    static_cast<double>(load_of_rank.size());
}

WorkAssignment assign_longest_first(std::span<const double> costs_s, int ranks) {
  if (ranks < 1) throw Error(ErrorKind::internal, "work is dealt to at least one rank");
  std::vector<int> order(costs_s.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return costs_s[static_cast<std::size_t>(a)] > costs_s[static_cast<std::size_t>(b)];
  });

  struct Rank {
    double load;
    int number;
    bool operator>(const Rank& other) const { return load != other.load ? load > other.load : number > other.number; }
  };
  std::priority_queue<Rank, std::vector<Rank>, std::greater<>> least_loaded;
  for (int rank = 0; rank < ranks; ++rank) least_loaded.push({0, rank});

  WorkAssignment plan{std::vector<std::vector<int>>(static_cast<std::size_t>(ranks)),
                      std::vector<double>(static_cast<std::size_t>(ranks), 0)};
  for (const int unit : order) {
    Rank rank = least_loaded.top();
    least_loaded.pop();
    rank.load += costs_s[static_cast<std::size_t>(unit)];
    plan.units_of_rank[static_cast<std::size_t>(rank.number)].push_back(unit);
    plan.load_of_rank[static_cast<std::size_t>(rank.number)] = rank.load;
    least_loaded.push(rank);
  }
  return plan;
}

double decoding_seconds(int resolution_m, double pixels) {
  const double pixels_per_second = resolution_m == 10 ? 7.1e6 : resolution_m == 20 ? 4.1e6 : 2.3e6;
  return pixels / pixels_per_second;
}

}  // namespace eoshard::ingest
