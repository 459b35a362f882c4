#include "libingest/assign/assign_method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Lists = std::vector<std::vector<int>>;

std::vector<double> product_costs(std::span<const ProductWork> products) {
  std::vector<double> costs;
  for (const ProductWork& product : products) {
    costs.push_back(std::accumulate(product.unit_costs_s.begin(), product.unit_costs_s.end(), 0.0));
  }
  return costs;
}

std::vector<std::uint64_t> patch_counts(std::span<const ProductWork> products) {
  std::vector<std::uint64_t> counts;
  for (const ProductWork& product : products) counts.push_back(product.patches);
  return counts;
}

// Number of each product's first unit.
std::vector<int> first_units(std::span<const ProductWork> products) {
  std::vector<int> first;
  int next = 0;
  for (const ProductWork& product : products) {
    first.push_back(next);
    next += static_cast<int>(product.unit_costs_s.size());
  }
  return first;
}

// Lists of products become lists of their units.
Lists units_of_products(const Lists& products_of_rank, std::span<const ProductWork> products) {
  const std::vector<int> first = first_units(products);
  Lists units_of_rank(products_of_rank.size());
  for (std::size_t rank = 0; rank < products_of_rank.size(); ++rank) {
    for (const int product : products_of_rank[rank]) {
      const auto index = static_cast<std::size_t>(product);
      const auto units = static_cast<int>(products[index].unit_costs_s.size());
      for (int unit = 0; unit < units; ++unit) units_of_rank[rank].push_back(first[index] + unit);
    }
  }
  return units_of_rank;
}

WorkAssignment assign_whole_products(std::span<const ProductWork> products, int ranks) {
  const WorkAssignment plan = assign_longest_first(product_costs(products), ranks);
  return assignment_of(units_of_products(plan.units_of_rank, products), unit_costs(products));
}

WorkAssignment assign_groups(std::span<const ProductWork> products, int ranks) {
  WorkAssignment plan = assign_by_packing(unit_costs(products), ranks);
  WorkAssignment whole = assign_whole_products(products, ranks);
  return whole.makespan() < plan.makespan() ? whole : plan;
}

WorkAssignment assign_algorithm1(std::span<const ProductWork> products, int ranks) {
  const Lists products_of_rank = deal_rows(patch_counts(products), ranks);
  return assignment_of(units_of_products(products_of_rank, products), unit_costs(products));
}

}  // namespace

std::string_view name_of(AssignMethod method) {
  switch (method) {
    case AssignMethod::groups: return "groups";
    case AssignMethod::lpt: return "lpt";
    case AssignMethod::algorithm1: return "algorithm1";
  }
  throw Error(ErrorKind::internal, "no such method of assignment");
}

AssignMethod parse_assign_method(std::string_view name) {
  for (const AssignMethod method : kAssignMethods) {
    if (name_of(method) == name) return method;
  }
  throw Error(ErrorKind::usage,
              fmt::format("'{}' is no way to assign work; there are groups, lpt and algorithm1", name));
}

std::vector<double> unit_costs(std::span<const ProductWork> products) {
  std::vector<double> costs;
  for (const ProductWork& product : products) {
    costs.insert(costs.end(), product.unit_costs_s.begin(), product.unit_costs_s.end());
  }
  return costs;
}

WorkAssignment assign_products(std::span<const ProductWork> products, AssignMethod method, int ranks) {
  switch (method) {
    case AssignMethod::groups: return assign_groups(products, ranks);
    case AssignMethod::lpt: return assign_whole_products(products, ranks);
    case AssignMethod::algorithm1: return assign_algorithm1(products, ranks);
  }
  throw Error(ErrorKind::internal, "no such method of assignment");
}

std::vector<std::vector<int>> deal_rows(std::span<const std::uint64_t> patches, int ranks) {
  if (ranks < 1) throw Error(ErrorKind::internal, "work is dealt to at least one rank");
  std::vector<int> order(patches.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return patches[static_cast<std::size_t>(a)] > patches[static_cast<std::size_t>(b)];
  });
  const auto columns = static_cast<std::size_t>(ranks);
  Lists products_of_rank(columns);
  for (std::size_t place = 0; place < order.size(); ++place) {
    const std::size_t column = place % columns;
    const bool is_first_row = place < columns;
    products_of_rank[is_first_row ? columns - 1 - column : column].push_back(order[place]);
  }
  return products_of_rank;
}

double patch_imbalance(const WorkAssignment& plan, std::span<const ProductWork> products) {
  std::vector<std::uint64_t> patches_of_unit;
  for (const ProductWork& product : products)
    patches_of_unit.insert(patches_of_unit.end(), product.unit_costs_s.size(), product.patches);
  std::uint64_t most = 0, total = 0;
  for (const auto& units : plan.units_of_rank) {
    std::uint64_t patches = 0;
    for (const int unit : units) patches += patches_of_unit[static_cast<std::size_t>(unit)];
    most = std::max(most, patches);
    total += patches;
  }
  const auto ranks = static_cast<double>(plan.units_of_rank.size());
  return total > 0 ? static_cast<double>(most) * ranks / static_cast<double>(total) : 1;
}

}  // namespace eoshard::ingest
