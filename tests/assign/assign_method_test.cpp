#include "libingest/assign/assign_method.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Lists = std::vector<std::vector<int>>;

std::vector<ProductWork> random_products(std::size_t count, std::uint64_t seed) {
  std::vector<ProductWork> products;
  for (std::size_t product = 0; product < count; ++product) {
    const double filled = random_unit(seed, 1, product);
    products.push_back({static_cast<std::uint64_t>(8281 * filled), {64 * filled, 44 * filled, 3 * filled}});
  }
  return products;
}

// Ten products on three ranks, written out by hand. Sorted: 90 80 70 | 60 50 40 | 30 20 10 | 5; the first row
// ascending is 70 80 90, the later ones stay as they are, and the last is 5 0 0.
TEST(DealRows, MatchesAHandWorkedMatrix) {
  const std::vector<std::uint64_t> patches = {5, 10, 20, 30, 40, 50, 60, 70, 80, 90};
  EXPECT_EQ(deal_rows(patches, 3), (Lists{{7, 6, 3, 0}, {8, 5, 2}, {9, 4, 1}}));
}

TEST(DealRows, FewerProductsThanRanksLeavesTheFirstColumnsEmpty) {
  EXPECT_EQ(deal_rows(std::vector<std::uint64_t>{3, 8}, 4), (Lists{{}, {}, {0}, {1}}));
}

TEST(AssignProducts, MethodsMatchHandWorkedExamples) {
  // Units 0-1, 2-3, 4-5 of three products; whole products cost 10, 8, 6.
  const std::vector<ProductWork> products = {{100, {7, 3}}, {300, {5, 3}}, {200, {4, 2}}};
  const WorkAssignment groups = assign_products(products, AssignMethod::groups, 2);
  EXPECT_DOUBLE_EQ(groups.makespan(), 12);  // {7, 3, 2} and {5, 4, 3}
  EXPECT_EQ(groups.units_of_rank, (Lists{{0, 1, 5}, {2, 4, 3}}));
  const WorkAssignment lpt = assign_products(products, AssignMethod::lpt, 2);
  EXPECT_EQ(lpt.units_of_rank, (Lists{{0, 1}, {2, 3, 4, 5}}));
  EXPECT_DOUBLE_EQ(lpt.imbalance(), 14.0 / 12);
  // Patches 300 200 | 100: the first row ascending is 200 300, the second 100 0.
  const WorkAssignment paper = assign_products(products, AssignMethod::algorithm1, 2);
  EXPECT_EQ(paper.units_of_rank, (Lists{{4, 5, 0, 1}, {2, 3}}));
  EXPECT_DOUBLE_EQ(patch_imbalance(paper, products), 1);
  EXPECT_DOUBLE_EQ(patch_imbalance(lpt, products), 500.0 / 300);
}

TEST(AssignProducts, EveryUnitGoesToOneRankByEveryMethod) {
  const auto products = random_products(60, 4);
  for (const AssignMethod method : kAssignMethods) {
    for (const int ranks : {1, 7, 59, 60, 61, 300}) {
      const WorkAssignment plan = assign_products(products, method, ranks);
      EXPECT_EQ(plan.units_of_rank.size(), static_cast<std::size_t>(ranks));
      EXPECT_NO_THROW(assignment_of(plan.units_of_rank, unit_costs(products)));
    }
  }
}

TEST(AssignProducts, GroupsAreNeverWorseThanWholeProducts) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto products = random_products(3 + 5 * seed, seed);
    for (const int ranks : {1, 2, 3, 5, 8, 16, 31, 64}) {
      const double groups = assign_products(products, AssignMethod::groups, ranks).makespan();
      EXPECT_LE(groups, assign_products(products, AssignMethod::lpt, ranks).makespan()) << seed << ", " << ranks;
    }
  }
}

// Units one by one end at 17 however they are packed, whole products at 16 (found by random search).
TEST(AssignProducts, WholeProductsAreTakenWhereTheyAreBetter) {
  const std::vector<ProductWork> products = {{1, {6, 8, 2}}, {1, {4, 7, 5}}};
  EXPECT_DOUBLE_EQ(assign_by_packing(unit_costs(products), 2).makespan(), 17);
  EXPECT_DOUBLE_EQ(assign_products(products, AssignMethod::groups, 2).makespan(), 16);
}

TEST(AssignProducts, NoProductsAndNoPatchesAreBalanced) {
  for (const AssignMethod method : kAssignMethods) {
    const WorkAssignment plan = assign_products({}, method, 3);
    EXPECT_EQ(plan.imbalance(), 1);
    EXPECT_EQ(patch_imbalance(plan, {}), 1);
  }
}

TEST(ParseAssignMethod, KnowsItsNames) {
  for (const AssignMethod method : kAssignMethods) EXPECT_EQ(parse_assign_method(name_of(method)), method);
  EXPECT_THROW(parse_assign_method("LPT"), Error);
}

}  // namespace
}  // namespace eoshard::ingest
