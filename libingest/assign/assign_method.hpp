// The ways to deal products to ranks: by resolution group, by whole product, and the paper's Algorithm 1. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/assign/work_assignment.hpp"

namespace eoshard::ingest {

enum class AssignMethod : std::uint8_t {
  groups,     ///< units (resolution groups of a product) one by one
  lpt,        ///< whole products, longest first
  algorithm1  ///< whole products by patch count, as Sedona et al. 2019 print it
};

inline constexpr AssignMethod kAssignMethods[] = {AssignMethod::groups, AssignMethod::lpt, AssignMethod::algorithm1};

std::string_view name_of(AssignMethod method);

/// @throws Error{usage} naming the methods there are.
AssignMethod parse_assign_method(std::string_view name);

/// A product as the plan sees it.
struct ProductWork {
  std::uint64_t patches = 0;         ///< candidates
  std::vector<double> unit_costs_s;  ///< one a unit; units are numbered product after product
};

/// The costs of all units, by their numbers.
std::vector<double> unit_costs(std::span<const ProductWork> products);

/// Deals the units of all products to ranks. `groups` takes the best of packing units, units longest first and whole
/// products longest first, so that it is never worse than `lpt`.
WorkAssignment assign_products(std::span<const ProductWork> products, AssignMethod method, int ranks);

/// Algorithm 1 of Sedona et al. (Remote Sensing 2019): products sorted by patch count, descending, are written row by
/// row into a matrix of `ranks` columns, `ranks` products a row. The first row is in ascending order, each later row is
/// flipped against it and padded with zeros; rank k gets column k. Returns the products of each rank, row by row.
std::vector<std::vector<int>> deal_rows(std::span<const std::uint64_t> patches, int ranks);

/// Patches of the rank that has most over the mean; a patch counts once for each unit that holds it.
double patch_imbalance(const WorkAssignment& plan, std::span<const ProductWork> products);

}  // namespace eoshard::ingest
