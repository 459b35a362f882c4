// Deals work units to ranks. Pure: the same costs and rank count give the same plan everywhere.
#pragma once

#include <span>
#include <vector>

namespace eoshard::ingest {

struct WorkAssignment {
  std::vector<std::vector<int>> units_of_rank;  ///< each rank's units, longest first; idle ranks have none
  std::vector<double> load_of_rank;             ///< seconds

  double makespan() const;  ///< load of the busiest rank
  double ideal() const;     ///< total load / ranks
};

/// Longest unit first, each onto the least loaded rank (Graham 1969, "Bounds on multiprocessing timing anomalies":
/// at most 4/3 of the optimum). Ties go to the lower unit and the lower rank.
WorkAssignment assign_longest_first(std::span<const double> costs_s, int ranks);

/// Seconds that one core takes to decode `pixels` of JPEG 2000 at a native resolution of 10, 20 or 60 m. The rates
/// were measured on products of baseline 05.11, whose code-blocks get smaller from 10 m to 60 m.
double decoding_seconds(int resolution_m, double pixels);

}  // namespace eoshard::ingest
