// Sums over any number of pixels without overflow or rounding, so that statistics do not depend on the order of work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {

__extension__ using Uint128 = unsigned __int128;

/// Trivially copyable: ranks exchange it as bytes.
struct ExactMoments {
  Uint128 sum = 0;
  Uint128 sum_of_squares = 0;
  std::uint64_t pixels = 0;
  std::uint32_t minimum = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t maximum = 0;

  void add(const PartMoments& patch, std::uint64_t patch_pixels);
  void add(const ExactMoments& other);
};

/// The sums that to_statistics() printed.
ExactMoments from_statistics(const BandStatistics& statistics);

/// Mean and population standard deviation from the exact sums.
BandStatistics to_statistics(const std::string& band, const ExactMoments& moments);

}  // namespace eoshard::ingest
