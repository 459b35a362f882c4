#include "libingest/assign/work_assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "libingest/core/counter_random.hpp"

namespace eoshard::ingest {
namespace {

std::vector<double> random_costs(std::size_t units) {
  std::vector<double> costs;
  for (std::size_t unit = 0; unit < units; ++unit) costs.push_back(1 + 60 * random_unit(3, 0, unit));
  return costs;
}

TEST(AssignLongestFirst, GivesEveryUnitToOneRank) {
  const auto costs = random_costs(345);
  const WorkAssignment plan = assign_longest_first(costs, 72);
  std::vector<int> all;
  for (std::size_t rank = 0; rank < plan.units_of_rank.size(); ++rank) {
    double load = 0;
    for (const int unit : plan.units_of_rank[rank]) load += costs[static_cast<std::size_t>(unit)];
    EXPECT_DOUBLE_EQ(load, plan.load_of_rank[rank]);
    all.insert(all.end(), plan.units_of_rank[rank].begin(), plan.units_of_rank[rank].end());
  }
  std::sort(all.begin(), all.end());
  std::vector<int> expected(costs.size());
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(AssignLongestFirst, StaysWithinGrahamsBound) {
  for (const int ranks : {1, 2, 7, 72, 128}) {
    const auto costs = random_costs(400);
    const WorkAssignment plan = assign_longest_first(costs, ranks);
    const double lower_bound = std::max(plan.ideal(), *std::max_element(costs.begin(), costs.end()));
    EXPECT_LE(plan.makespan(), (4.0 / 3.0) * lower_bound) << ranks << " ranks";
  }
}

// Graham's own example of five units on two ranks, worked by hand.
TEST(AssignLongestFirst, MatchesAHandWorkedExample) {
  const std::vector<double> costs = {2, 3, 2, 3, 2};
  const WorkAssignment plan = assign_longest_first(costs, 2);
  EXPECT_EQ(plan.units_of_rank, (std::vector<std::vector<int>>{{1, 0, 4}, {3, 2}}));
  EXPECT_DOUBLE_EQ(plan.makespan(), 7);
  EXPECT_DOUBLE_EQ(plan.ideal(), 6);
}

TEST(AssignLongestFirst, MoreRanksThanUnitsLeavesSomeIdle) {
  const WorkAssignment plan = assign_longest_first(std::vector<double>{4, 5}, 5);
  EXPECT_EQ(std::count_if(plan.units_of_rank.begin(), plan.units_of_rank.end(),
                          [](const auto& units) { return units.empty(); }),
            3);
}

}  // namespace
}  // namespace eoshard::ingest
