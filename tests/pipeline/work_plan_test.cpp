#include "libingest/pipeline/work_plan.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kConfiguration = R"({"seed": 0, "split": "random:70/15/15"})";

std::vector<ScannedProduct> scanned_products() {
  std::vector<ScannedProduct> products(2);
  products[0].source.id_stem = "S2A_A";
  products[0].candidates = 7;
  products[0].units = {{{4096, 2e6, 1e5, 0}}, {{64, 1e6, 1e5, 0}}};
  products[1].source.id_stem = "S2A_B";
  products[1].candidates = 5;
  products[1].units = {{{4096, 1e6, 1e5, 0}}, {}};
  return products;
}

WorkPlan two_rank_plan() {
  WorkPlan plan{kConfiguration, AssignMethod::groups, standard_rates(), {{"data_10m"}, {"data_20m"}}, {}, {}};
  const auto scanned = scanned_products();
  const auto work = product_work(scanned, plan.rates);
  for (std::size_t product = 0; product < scanned.size(); ++product)
    plan.products.push_back({scanned[product].source.id_stem, work[product]});
  for (const int ranks : {1, 2}) plan.plans.push_back({ranks, assign_products(work, plan.method, ranks)});
  return plan;
}

TEST(WorkPlan, IsReadBackAsItWasWritten) {
  const WorkPlan plan = two_rank_plan();
  const WorkPlan again = parse_plan(plan_text(plan));
  EXPECT_EQ(plan_text(again), plan_text(plan));
  EXPECT_EQ(again.plans[1].assignment.units_of_rank, plan.plans[1].assignment.units_of_rank);
  EXPECT_EQ(again.plans[1].assignment.load_of_rank, plan.plans[1].assignment.load_of_rank);
}

TEST(WorkPlan, FindsTheAssignmentOfARun) {
  const WorkPlan plan = two_rank_plan();
  const auto& found = find_assignment(plan, 2, kConfiguration, scanned_products());
  EXPECT_EQ(found.units_of_rank, plan.plans[1].assignment.units_of_rank);
}

TEST(WorkPlan, RefusesAnotherNumberOfRanks) {
  EXPECT_THAT([] { find_assignment(two_rank_plan(), 3, kConfiguration, scanned_products()); },
              ThrowsMessage<Error>(HasSubstr("the plan is for 1, 2 ranks, this run has 3")));
}

TEST(WorkPlan, RefusesOtherOptionsAndNamesThem) {
  EXPECT_THAT([] { find_assignment(two_rank_plan(), 2, R"({"seed": 1, "more": 2})", scanned_products()); },
              ThrowsMessage<Error>(HasSubstr("other options (seed, split, more)")));
}

TEST(WorkPlan, IsTheSameForEveryFormatOfTheDataset) {
  const std::string hdf5 =
      R"({"seed": 0, "split": "random:70/15/15", "format": ["hdf5"], "hdf5_layout": "single", "hdf5_compression": "none"})";
  EXPECT_NO_THROW(find_assignment(two_rank_plan(), 2, hdf5, scanned_products()));
}

TEST(WorkPlan, RefusesOtherProductsAndOtherPatches) {
  auto products = scanned_products();
  products[1].candidates = 6;
  EXPECT_THROW(find_assignment(two_rank_plan(), 2, kConfiguration, products), Error);
  products = scanned_products();
  products.pop_back();
  EXPECT_THROW(find_assignment(two_rank_plan(), 2, kConfiguration, products), Error);
}

// Damages the plan's JSON and expects a refusal.
template <class Damage>
void expect_refused(const Damage& damage, const std::string& because) {
  auto json = nlohmann::json::parse(plan_text(two_rank_plan()));
  damage(json);
  EXPECT_THAT([&] { parse_plan(json.dump()); }, ThrowsMessage<Error>(HasSubstr(because))) << because;
}

TEST(WorkPlan, RefusesDamagedPlans) {
  expect_refused([](auto& json) { json.erase("rates"); }, "not a plan of this version");
  expect_refused([](auto& json) { json["format"] = 2; }, "not a plan of this version");
  expect_refused([](auto& json) { json["plans"][0]["units_of_rank"][0][0] = "x"; }, "not a plan of this version");
  expect_refused([](auto& json) { json["plans"][0]["units_of_rank"][0][0] = 3; }, "does not deal each unit once");
  expect_refused([](auto& json) { json["plans"][0]["units_of_rank"][0].erase(0); }, "does not deal each unit once");
  expect_refused([](auto& json) { json["plans"][1]["ranks"] = 5; }, "the plan for 5 ranks has work for 2");
  expect_refused([](auto& json) { json["products"][0]["unit_costs_s"].push_back(1); }, "3 costs for the 2 units");
  EXPECT_THROW(parse_plan("{"), Error);
}

}  // namespace
}  // namespace eoshard::ingest
