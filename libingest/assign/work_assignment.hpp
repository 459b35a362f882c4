// Deals work units to ranks. Pure: the same costs and rank count give the same plan everywhere.
#pragma once

#include <span>
#include <vector>

namespace eoshard::ingest {

struct WorkAssignment {
  std::vector<std::vector<int>> units_of_rank;  ///< each rank's units in the order of work; idle ranks have none
  std::vector<double> load_of_rank;             ///< seconds

  double makespan() const;   ///< load of the busiest rank
  double ideal() const;      ///< total load / ranks
  double imbalance() const;  ///< makespan over ideal, at least 1; 1 when there is no work
};

/// The assignment that gives each rank these units. @throws Error{internal} unless every unit of `costs_s` is there
/// exactly once.
WorkAssignment assignment_of(std::vector<std::vector<int>> units_of_rank, std::span<const double> costs_s);

/// Longest unit first, each onto the least loaded rank (Graham 1969, "Bounds on multiprocessing timing anomalies":
/// at most 4/3 of the optimum). Ties go to the lower unit and the lower rank.
WorkAssignment assign_longest_first(std::span<const double> costs_s, int ranks);

/// Looks by bisection for the smallest load into which all units can be packed, longest first, each onto the fullest
/// rank that has room (MULTIFIT: Coffman, Garey and Johnson 1978, "An application of bin-packing to multiprocessor
/// scheduling", with best fit in place of first fit). Never worse than assign_longest_first, where the search begins.
WorkAssignment assign_by_packing(std::span<const double> costs_s, int ranks);

}  // namespace eoshard::ingest
