// The plan as a document: which rank extracts what, for one or more numbers of ranks (schemas/plan.schema.json).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libingest/assign/assign_method.hpp"
#include "libingest/assign/decoding_cost.hpp"
#include "libingest/pipeline/product_survey.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct PlannedProduct {
  std::string product;
  ProductWork work;
};

struct RankPlan {
  int ranks = 0;
  WorkAssignment assignment;
};

struct WorkPlan {
  std::string configuration_json;  ///< as configuration_json() makes it
  AssignMethod method = AssignMethod::groups;
  WorkRates rates;
  std::vector<std::vector<std::string>> arrays_of_unit;
  std::vector<PlannedProduct> products;  ///< in dataset order
  std::vector<RankPlan> plans;
};

/// What the units of scanned products cost.
std::vector<ProductWork> product_work(const std::vector<ScannedProduct>& products, const WorkRates& rates);

/// Names of the arrays of each unit.
std::vector<std::vector<std::string>> names_of_units(const std::vector<ImageArray>& arrays);

/// Rates as JSON, as a plan holds them, and back.
std::string rates_json(const WorkRates& rates);
WorkRates parse_rates(const std::string& json);

std::string plan_text(const WorkPlan& plan);

/// @throws Error{input} when the text is no plan of this format, or deals a unit twice or to nobody.
WorkPlan parse_plan(const std::string& text);

/// The plan for `ranks` ranks of a run with this configuration and these products.
/// @throws Error{usage} when the plan is for another number of ranks, other options or other products.
const WorkAssignment& find_assignment(const WorkPlan& plan, int ranks, const std::string& configuration_json,
                                      const std::vector<ScannedProduct>& products);

}  // namespace eoshard::ingest
