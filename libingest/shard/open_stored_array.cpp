// Beside the HDF5 reader rather than beside StoredArray, so that what reads Zarr alone needs no HDF5.
#include <fmt/format.h>

#include "libingest/core/error.hpp"
#include "libingest/shard/hdf5_reader.hpp"
#include "libingest/shard/shard_reader.hpp"
#include "libingest/shard/stored_array.hpp"

namespace eoshard::ingest {

std::unique_ptr<StoredArray> open_stored_array(const std::filesystem::path& dataset, const std::string& split,
                                               const DatasetFormats& formats, const ArraySpec& spec,
                                               std::int64_t samples, LayoutCheck check) {
  if (!formats.zarr) return std::make_unique<Hdf5ArrayReader>(dataset, split, formats, spec, samples);
  const std::filesystem::path folder = split_folder(dataset, split) / spec.name;
  if (check == LayoutCheck::elsewhere) return std::make_unique<ArrayReader>(folder, ZarrArray{spec, samples});
  auto array = std::make_unique<ArrayReader>(folder);
  const ArraySpec& there = array->spec();
  if (array->samples() == samples && there.sample_shape == spec.sample_shape && there.codec == spec.codec) return array;
  throw Error(ErrorKind::input,
              fmt::format("{}/{} holds {} samples of {} bytes, but dataset.json says {} of {}, or another type",
                          split_folder(dataset, split).string(), spec.name, array->samples(), there.sample_bytes(),
                          samples, spec.sample_bytes()));
}

}  // namespace eoshard::ingest
