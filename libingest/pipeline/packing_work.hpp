// The long step of packing: every rank turns its share of an archive's samples into parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/sample_packer.hpp"
#include "libingest/pipeline/sample_part.hpp"

namespace eoshard::ingest {

/// Begins a part of a split by its number.
using BeginPart = std::function<std::unique_ptr<SamplePartWriter>(std::size_t number, int split)>;

/// Samples of a catalogue that are to become one part: in the order of the dataset, of one split, a shard's at most.
struct PackGroup {
  std::size_t part = 0;     ///< its number
  std::uint64_t first = 0;  ///< number of its first sample
  std::uint64_t samples = 0;
  std::string items;  ///< items_text of them: a tenth of the memory that they take otherwise
};

/// Several groups as a message; `parse_groups` is its inverse.
std::string groups_text(const std::vector<PackGroup>& groups);
std::vector<PackGroup> parse_groups(const std::string& text);

/// Packs this rank's groups of a catalogue, which ascend; all ranks' hold `samples`. Collective. Of several damaged
/// samples, whatever ranks have them, the error of the first one is thrown.
void pack_catalogue(const std::vector<PackGroup>& own, std::uint64_t samples, const BeginPart& begin_part,
                    const SamplePacker& packer, const Communicator& world, const ProgressCallback& progress);

/// Packs what `next` gives on the root, which deals it out, in parts from number `first_part` on. Collective. Throws
/// the error of the first damaged sample likewise.
void pack_stream(const std::function<std::optional<PackItem>()>& next, std::size_t first_part,
                 const BeginPart& begin_part, const SamplePacker& packer, const Communicator& world,
                 const ProgressCallback& progress);

}  // namespace eoshard::ingest
