// The single layout of HDF5: one file a split, written by all ranks together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "libingest/mpi/communicator.hpp"
#include "libingest/shard/hdf5_writer.hpp"

namespace eoshard::ingest {

/// Gives the decoded values of samples [first, first + count) of an array, by its place in the contents.
using SampleValues = std::function<std::vector<std::byte>(std::size_t array, std::int64_t first, std::int64_t count)>;

/// Writes `contents` to `path`. Samples are dealt to ranks in batches; `on_samples` hears how many more are written, by
/// all ranks. Collective; an error of one rank becomes that of all.
void write_single_file(const std::filesystem::path& path, const Hdf5Contents& contents, const SampleValues& values,
                       const Communicator& world, const std::function<void(std::int64_t)>& on_samples);

}  // namespace eoshard::ingest
