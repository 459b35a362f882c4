#include "libingest/assign/work_assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/error.hpp"

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

TEST(AssignByPacking, BeatsLongestFirstOnAHandWorkedExample) {
  // Graham's worst case for three ranks: longest first ends at 11, the best is 9 = {5, 4}, {5, 4}, {3, 3, 3}.
  const std::vector<double> costs = {5, 5, 4, 4, 3, 3, 3};
  EXPECT_DOUBLE_EQ(assign_longest_first(costs, 3).makespan(), 11);
  const WorkAssignment plan = assign_by_packing(costs, 3);
  EXPECT_DOUBLE_EQ(plan.makespan(), 9);
  EXPECT_DOUBLE_EQ(plan.imbalance(), 1);
}

TEST(AssignByPacking, IsNeverWorseThanLongestFirst) {
  for (const std::size_t units : {1u, 5u, 40u, 345u}) {
    const auto costs = random_costs(units);
    for (const int ranks : {1, 2, 3, 17, 72, 128, 400}) {
      const WorkAssignment plan = assign_by_packing(costs, ranks);
      EXPECT_LE(plan.makespan(), assign_longest_first(costs, ranks).makespan());
      EXPECT_NO_THROW(assignment_of(plan.units_of_rank, costs));
      EXPECT_EQ(plan.units_of_rank.size(), static_cast<std::size_t>(ranks));
    }
  }
}

TEST(AssignByPacking, StaysWithinTheBoundOfMultifit) {
  for (const int ranks : {2, 7, 72}) {  // 1.22 + 2^-k (Coffman, Garey and Johnson 1978, theorem 3.1), of the optimum
    const auto costs = random_costs(400);
    const WorkAssignment plan = assign_by_packing(costs, ranks);
    EXPECT_LE(plan.makespan(), 1.221 * std::max(plan.ideal(), *std::max_element(costs.begin(), costs.end())));
  }
}

TEST(AssignByPacking, TakesNoUnitsAndFreeUnits) {
  EXPECT_EQ(assign_by_packing({}, 2).units_of_rank, (std::vector<std::vector<int>>{{}, {}}));
  const WorkAssignment plan = assign_by_packing(std::vector<double>{0, 0, 0}, 2);
  EXPECT_EQ(plan.imbalance(), 1);
  EXPECT_NO_THROW(assignment_of(plan.units_of_rank, std::vector<double>{0, 0, 0}));
}

TEST(AssignmentOf, RefusesUnitsThatAreMissingTwiceOrUnknown) {
  const std::vector<double> costs = {1, 2, 3};
  EXPECT_EQ(assignment_of({{0, 2}, {1}}, costs).load_of_rank, (std::vector<double>{4, 2}));
  EXPECT_THROW(assignment_of({{0, 2}, {}}, costs), Error);
  EXPECT_THROW(assignment_of({{0, 2}, {1, 2}}, costs), Error);
  EXPECT_THROW(assignment_of({{0, 2}, {1, 3}}, costs), Error);
  EXPECT_THROW(assignment_of({{0, 2}, {1, -1}}, costs), Error);
}

}  // namespace
}  // namespace eoshard::ingest
