// What eoshard-plan prints: how each way to deal the work would balance it, for people and for programs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libingest/assign/assign_method.hpp"
#include "libingest/assign/decoding_cost.hpp"

namespace eoshard {

/// One way to deal the work to one number of ranks.
struct MethodBalance {
  ingest::AssignMethod method;
  ingest::WorkAssignment plan;
  double patch_imbalance = 1;  ///< patches of the rank that has most over the mean
};

struct RankBalance {
  int ranks = 0;
  std::vector<MethodBalance> methods;  ///< in the order of kAssignMethods

  const MethodBalance& of(ingest::AssignMethod method) const;
};

struct BalanceReport {
  std::vector<ingest::ProductWork> products;
  ingest::WorkRates rates;
  ingest::AssignMethod chosen = ingest::AssignMethod::groups;
  int cores_per_rank = 1;
  std::vector<RankBalance> balances;  ///< one a rank count

  std::uint64_t patches() const;
  double core_seconds() const;
};

/// Deals the products' work to each number of ranks in each way.
std::vector<RankBalance> compare_methods(std::span<const ingest::ProductWork> products, std::span<const int> ranks);

/// `count` products drawn with replacement; the same seed draws the same.
std::vector<ingest::ProductWork> draw_products(std::span<const ingest::ProductWork> products, int count,
                                               std::uint64_t seed);

std::string report_text(const BalanceReport& report);
std::string report_json(const BalanceReport& report);

}  // namespace eoshard
