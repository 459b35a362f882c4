// The long step of packing: every rank turns its share of an archive's samples into parts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/sample_packer.hpp"

namespace eoshard::ingest {

/// Samples of one part of a catalogue or a stream; what a killed run loses at most on each rank.
inline constexpr std::size_t kPartSamples = 512;

/// Gives a part's path by its number.
using PartPath = std::function<std::filesystem::path(std::size_t)>;

/// Packs the samples of a catalogue, `items` (the same on every rank), in parts from number `first_part` on.
/// Collective.
void pack_catalogue(const std::vector<PackItem>& items, std::size_t first_part, const PartPath& part_path,
                    const SamplePacker& packer, const Communicator& world, const ProgressCallback& progress);

/// Packs what `next` gives on the root, which deals it out, in parts from number `first_part` on. Collective.
void pack_stream(const std::function<std::optional<PackItem>()>& next, std::size_t first_part,
                 const PartPath& part_path, const SamplePacker& packer, const Communicator& world,
                 const ProgressCallback& progress);

}  // namespace eoshard::ingest
