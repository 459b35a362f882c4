#include "libingest/pipeline/work_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/core/json_schema.hpp"
#include "libingest/core/version.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/plan_schema.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

Json list_of(const WorkRates& rates) {
  Json list = Json::array();
  for (const auto& [codeblock_px, rate] : rates) {
    list.push_back({{"codeblock_px", codeblock_px},
                    {"per_pixel_s", rate.per_pixel_s},
                    {"per_byte_s", rate.per_byte_s},
                    {"per_patch_pixel_s", rate.per_patch_pixel_s},
                    {"per_upsampled_pixel_s", rate.per_upsampled_pixel_s},
                    {"per_file_s", rate.per_file_s}});
  }
  return list;
}

WorkRates rates_from(const Json& json) {
  WorkRates rates;
  for (const Json& rate : json)
    rates[rate.at("codeblock_px")] = {rate.at("per_pixel_s"), rate.at("per_byte_s"), rate.at("per_patch_pixel_s"),
                                      rate.at("per_upsampled_pixel_s"), rate.at("per_file_s")};
  return rates;
}

Json to_json(const PlannedProduct& product) {
  return {
      {"product", product.product}, {"candidates", product.work.patches}, {"unit_costs_s", product.work.unit_costs_s}};
}

PlannedProduct product_from(const Json& json) {
  return {json.at("product"), {json.at("candidates"), json.at("unit_costs_s").get<std::vector<double>>()}};
}

Json to_json(const RankPlan& plan) {
  return {{"ranks", plan.ranks},
          {"makespan_over_ideal", plan.assignment.imbalance()},
          {"units_of_rank", plan.assignment.units_of_rank}};
}

std::vector<ProductWork> works_of(const std::vector<PlannedProduct>& products) {
  std::vector<ProductWork> works;
  for (const PlannedProduct& product : products) works.push_back(product.work);
  return works;
}

RankPlan rank_plan_from(const Json& json, const std::vector<double>& costs_s) {
  const int ranks = json.at("ranks");
  auto units_of_rank = json.at("units_of_rank").get<std::vector<std::vector<int>>>();
  if (units_of_rank.size() != static_cast<std::size_t>(ranks)) {
    throw Error(ErrorKind::input, fmt::format("the plan for {} ranks has work for {}", ranks, units_of_rank.size()));
  }
  try {
    return {ranks, assignment_of(std::move(units_of_rank), costs_s)};
  } catch (const Error&) {
    throw Error(ErrorKind::input, fmt::format("the plan for {} ranks does not deal each unit once", ranks));
  }
}

void check_units(const WorkPlan& plan) {
  for (const PlannedProduct& product : plan.products) {
    if (product.work.unit_costs_s.size() == plan.arrays_of_unit.size()) continue;
    throw Error(ErrorKind::input,
                fmt::format("the plan has {} costs for the {} units of {}", product.work.unit_costs_s.size(),
                            plan.arrays_of_unit.size(), product.product));
  }
}

// A configuration's options that a plan depends on: in what files the samples are stored changes no work.
nlohmann::json planned_options(const std::string& configuration_json) {
  nlohmann::json options = nlohmann::json::parse(configuration_json);
  for (const char* unplanned : {"format", "hdf5_layout", "hdf5_compression"}) options.erase(unplanned);
  return options;
}

// Keys of them whose values differ, or that one of the two lacks.
std::vector<std::string> different_options(const std::string& a, const std::string& b) {
  const auto one = planned_options(a), other = planned_options(b);
  std::vector<std::string> keys;
  for (const auto& [key, value] : one.items()) {
    if (!other.contains(key) || other.at(key) != value) keys.push_back(key);
  }
  for (const auto& [key, value] : other.items()) {
    if (!one.contains(key)) keys.push_back(key);
  }
  return keys;
}

// "A, B and 3 more", of `all` those that `other` lacks; empty when there is none.
std::string missing_from(const nlohmann::json& other, const nlohmann::json& all) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> missing;
  for (const auto& source : all) {
    if (std::find(other.begin(), other.end(), source) == other.end()) missing.push_back(source);
  }
  const std::size_t more = missing.size() - std::min(missing.size(), kNamed);
  missing.resize(missing.size() - more);
  return fmt::format("{}{}", fmt::join(missing, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

[[noreturn]] void throw_other_sources(const std::string& planned, const std::string& given) {
  const auto plan = nlohmann::json::parse(planned).at("sources"), run = nlohmann::json::parse(given).at("sources");
  const std::string only_run = missing_from(plan, run), only_plan = missing_from(run, plan);
  std::string difference;
  if (!only_run.empty()) difference += fmt::format("; not in the plan: {}", only_run);
  if (!only_plan.empty()) difference += fmt::format("; in the plan alone: {}", only_plan);
  throw Error(ErrorKind::usage,
              fmt::format("the plan was made for other products{}; make it anew with eoshard-plan", difference));
}

void check_same_products(const WorkPlan& plan, const std::vector<ScannedProduct>& products) {
  const bool is_same = std::equal(plan.products.begin(), plan.products.end(), products.begin(), products.end(),
                                  [](const PlannedProduct& planned, const ScannedProduct& scanned) {
                                    return planned.product == scanned.source.id_stem &&
                                           planned.work.patches == scanned.candidates &&
                                           planned.work.unit_costs_s.size() == scanned.units.size();
                                  });
  if (!is_same) {
    throw Error(ErrorKind::usage,
                "the plan is for other products, or for other patches of them; make it anew with eoshard-plan");
  }
}

}  // namespace

std::vector<ProductWork> product_work(const std::vector<ScannedProduct>& products, const WorkRates& rates) {
  std::vector<ProductWork> works;
  for (const ScannedProduct& product : products) {
    ProductWork work{product.candidates, {}};
    for (const UnitWork& unit : product.units) work.unit_costs_s.push_back(cost_s(unit, rates));
    works.push_back(std::move(work));
  }
  return works;
}

std::vector<std::vector<std::string>> names_of_units(const std::vector<ImageArray>& arrays) {
  std::vector<std::vector<std::string>> names;
  for (const std::vector<std::size_t>& unit : arrays_of_units(arrays)) {
    names.emplace_back();
    for (const std::size_t array : unit) names.back().push_back(arrays[array].name);
  }
  return names;
}

std::string rates_json(const WorkRates& rates) { return list_of(rates).dump(); }

WorkRates parse_rates(const std::string& json) { return rates_from(Json::parse(json)); }

std::string plan_text(const WorkPlan& plan) {
  Json products = Json::array(), plans = Json::array();
  for (const PlannedProduct& product : plan.products) products.push_back(to_json(product));
  for (const RankPlan& rank_plan : plan.plans) plans.push_back(to_json(rank_plan));
  const Json json = {{"format", kFormat},
                     {"program", "eoshard-plan"},
                     {"version", kVersion},
                     {"configuration", Json::parse(plan.configuration_json)},
                     {"assign", name_of(plan.method)},
                     {"rates", list_of(plan.rates)},
                     {"arrays_of_unit", plan.arrays_of_unit},
                     {"products", products},
                     {"plans", plans}};
  return json.dump(2) + "\n";
}

WorkPlan parse_plan(const std::string& text) {
  check_json_schema(text, kPlanSchema, "a plan");
  const Json json = Json::parse(text);
  WorkPlan plan;
  plan.configuration_json = json.at("configuration").dump();
  plan.method = parse_assign_method(json.at("assign").get<std::string>());
  plan.rates = rates_from(json.at("rates"));
  plan.arrays_of_unit = json.at("arrays_of_unit").get<std::vector<std::vector<std::string>>>();
  for (const Json& product : json.at("products")) plan.products.push_back(product_from(product));
  check_units(plan);
  const std::vector<double> costs_s = unit_costs(works_of(plan.products));
  for (const Json& rank_plan : json.at("plans")) plan.plans.push_back(rank_plan_from(rank_plan, costs_s));
  return plan;
}

const WorkAssignment& find_assignment(const WorkPlan& plan, int ranks, const std::string& configuration_json,
                                      const std::vector<ScannedProduct>& products) {
  const std::vector<std::string> differences = different_options(plan.configuration_json, configuration_json);
  if (differences == std::vector<std::string>{"sources"})
    throw_other_sources(plan.configuration_json, configuration_json);
  if (!differences.empty()) {
    throw Error(ErrorKind::usage, fmt::format("the plan was made with other options ({}); make it anew with "
                                              "eoshard-plan, or give the same",
                                              fmt::join(differences, ", ")));
  }
  check_same_products(plan, products);
  std::vector<int> planned;
  for (const RankPlan& rank_plan : plan.plans) {
    if (rank_plan.ranks == ranks) return rank_plan.assignment;
    planned.push_back(rank_plan.ranks);
  }
  throw Error(ErrorKind::usage,
              fmt::format("the plan is for {} ranks, this run has {}; plan for it with eoshard-plan --ranks {}",
                          fmt::join(planned, ", "), ranks, ranks));
}

}  // namespace eoshard::ingest
