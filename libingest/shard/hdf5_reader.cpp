#include "libingest/shard/hdf5_reader.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <mutex>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kOpenFiles = 16;

std::vector<hsize_t> extents(std::int64_t first, const std::vector<std::int64_t>& rest) {
  std::vector<hsize_t> all = {static_cast<hsize_t>(first)};
  for (const std::int64_t extent : rest) all.push_back(static_cast<hsize_t>(extent));
  return all;
}

std::vector<hsize_t> corner(std::int64_t first, const ArraySpec& spec) {
  return extents(first, std::vector<std::int64_t>(spec.sample_shape.size(), 0));
}

Hdf5Id stored_type(const ArraySpec& spec) { return element_bytes(spec.codec) == 2 ? H5T_STD_U16LE : H5T_STD_U8LE; }

std::vector<H5Z_filter_t> expected_filters(const ArraySpec& spec, Hdf5Compression compression) {
  if (compression == Hdf5Compression::none) return {H5Z_FILTER_FLETCHER32};
  if (element_bytes(spec.codec) == 1) return {kHdf5ZstdFilter};
  return {H5Z_FILTER_SHUFFLE, kHdf5ZstdFilter};
}

std::vector<hsize_t> shape_of(const Hdf5Dataset& dataset) {
  const Hdf5Space space(check_h5(H5Dget_space(dataset.get()), "H5Dget_space"));
  std::vector<hsize_t> shape(
      static_cast<std::size_t>(check_h5(H5Sget_simple_extent_ndims(space.get()), "H5Sget_ndims")));
  check_h5(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), "H5Sget_simple_extent_dims");
  return shape;
}

bool has_type(const Hdf5Dataset& dataset, Hdf5Id expected) {
  const Hdf5Type type(check_h5(H5Dget_type(dataset.get()), "H5Dget_type"));
  return H5Tequal(type.get(), expected) > 0;
}

std::vector<hsize_t> chunk_of(const Hdf5Properties& properties, std::size_t axes) {
  if (H5Pget_layout(properties.get()) != H5D_CHUNKED) return {};
  std::vector<hsize_t> chunk(axes);
  check_h5(H5Pget_chunk(properties.get(), static_cast<int>(axes), chunk.data()), "H5Pget_chunk");
  return chunk;
}

std::vector<H5Z_filter_t> filters_of(const Hdf5Properties& properties) {
  std::vector<H5Z_filter_t> filters;
  const Hdf5Id count = check_h5(H5Pget_nfilters(properties.get()), "H5Pget_nfilters");
  for (Hdf5Id filter = 0; filter < count; ++filter) {
    std::size_t values = 0;
    unsigned flags = 0;
    unsigned configuration = 0;
    filters.push_back(
        static_cast<H5Z_filter_t>(check_h5(H5Pget_filter2(properties.get(), static_cast<unsigned>(filter), &flags,
                                                          &values, nullptr, 0, nullptr, &configuration),
                                           "H5Pget_filter2")));
  }
  return filters;
}

Hdf5File open_file(const std::filesystem::path& path) {
  initialise_hdf5();
  const Hdf5Properties access(check_h5(H5Pcreate(H5P_FILE_ACCESS), "H5Pcreate"));
  check_h5(H5Pset_file_locking(access.get(), true, true), "H5Pset_file_locking");
  return Hdf5File(check_h5(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), "H5Fopen"));
}

}  // namespace

Hdf5ArrayReader::Hdf5ArrayReader(std::filesystem::path dataset, std::string split, const DatasetFormats& formats,
                                 ArraySpec spec, std::int64_t samples)
    : dataset_(std::move(dataset)),
      split_(std::move(split)),
      formats_(formats),
      spec_(std::move(spec)),
      samples_(samples) {
  if (formats_.hdf5_layout != Hdf5Layout::single) return;
  const std::lock_guard lock(hdf5_mutex());
  with_context(path_of(0).string(), [&] { open(0); });
}

Hdf5ArrayReader::~Hdf5ArrayReader() {
  const std::lock_guard lock(hdf5_mutex());
  sources_.clear();
}

std::int64_t Hdf5ArrayReader::file_of(std::int64_t index) const {
  return formats_.hdf5_layout == Hdf5Layout::single ? 0 : index / kShardSamples;
}

std::int64_t Hdf5ArrayReader::first_of(std::int64_t file) const { return file * kShardSamples; }

std::int64_t Hdf5ArrayReader::samples_of(std::int64_t file) const {
  return formats_.hdf5_layout == Hdf5Layout::single ? samples_ : std::min(kShardSamples, samples_ - first_of(file));
}

std::filesystem::path Hdf5ArrayReader::path_of(std::int64_t file) const {
  return hdf5_path(dataset_, split_, formats_.hdf5_layout, file);
}

const Hdf5ArrayReader::Source& Hdf5ArrayReader::open(std::int64_t file) const {
  const auto known = sources_.find(file);
  if (known != sources_.end()) return known->second;
  if (sources_.size() >= kOpenFiles) sources_.erase(sources_.begin());
  Source source;
  source.file = open_file(path_of(file));
  source.dataset = Hdf5Dataset(check_h5(H5Dopen2(source.file.get(), spec_.name.c_str(), H5P_DEFAULT), "H5Dopen2"));
  check_layout(source.dataset, samples_of(file));
  return sources_.emplace(file, std::move(source)).first->second;
}

void Hdf5ArrayReader::check_layout(const Hdf5Dataset& dataset, std::int64_t samples) const {
  const std::vector<hsize_t> shape = extents(samples, spec_.sample_shape);
  const Hdf5Properties properties(check_h5(H5Dget_create_plist(dataset.get()), "H5Dget_create_plist"));
  const bool matches = shape_of(dataset) == shape && has_type(dataset, stored_type(spec_)) &&
                       chunk_of(properties, shape.size()) == extents(spec_.chunk_samples(), spec_.sample_shape) &&
                       filters_of(properties) == expected_filters(spec_, formats_.hdf5_compression);
  if (!matches) throw Error(ErrorKind::input, "the dataset's shape, type, chunks or filters differ from dataset.json");
}

void Hdf5ArrayReader::read_sample(std::int64_t index, std::span<std::byte> values, ChunkDecoder& decoder,
                                  std::vector<std::byte>& scratch) const {
  read_chunk(index, 1, values, decoder, scratch);
}

std::vector<std::byte> Hdf5ArrayReader::read_shard_rows(std::int64_t shard) const {
  std::vector<std::byte> rows(spec_.sample_bytes() * static_cast<std::size_t>(kShardSamples));
  std::vector<std::byte> scratch;
  ChunkDecoder decoder(spec_.codec);
  const std::int64_t first = shard * kShardSamples;
  read_chunk(first, std::min(kShardSamples, samples_ - first), rows, decoder, scratch);
  return rows;
}

// The chunk that begins at sample `index` and holds `count` samples of the array.
void Hdf5ArrayReader::read_chunk(std::int64_t index, std::int64_t count, std::span<std::byte> values,
                                 ChunkDecoder& decoder, std::vector<std::byte>& scratch) const {
  const std::string place = fmt::format("{}/{}, sample {}", path_of(file_of(index)).string(), spec_.name, index);
  with_context(place, [&] {
    if (formats_.hdf5_compression == Hdf5Compression::none) return read_values(index, count, values);
    read_frame(index, scratch);
    decoder.decode_frame(scratch, values);
  });
}

void Hdf5ArrayReader::read_frame(std::int64_t index, std::vector<std::byte>& frame) const {
  const std::lock_guard lock(hdf5_mutex());
  const std::int64_t file = file_of(index);
  const Hdf5Id dataset = open(file).dataset.get();
  const auto offset = corner(index - first_of(file), spec_);
  hsize_t bytes = 0;
  check_h5(H5Dget_chunk_storage_size(dataset, offset.data(), &bytes), "H5Dget_chunk_storage_size");
  const std::size_t limit = 2 * spec_.sample_bytes() * static_cast<std::size_t>(spec_.chunk_samples()) + 4096;
  if (bytes == 0 || bytes > limit) throw Error(ErrorKind::input, "the chunk is absent or has an impossible length");
  frame.resize(bytes);
  std::uint32_t skipped_filters = 0;
  check_h5(H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &skipped_filters, frame.data()), "H5Dread_chunk");
  if (skipped_filters != 0) throw Error(ErrorKind::input, "the chunk was stored without its filters");
}

// The library itself checks the Fletcher-32 of every chunk that it reads.
void Hdf5ArrayReader::read_values(std::int64_t index, std::int64_t count, std::span<std::byte> values) const {
  const std::lock_guard lock(hdf5_mutex());
  const std::int64_t file = file_of(index);
  const Hdf5Id dataset = open(file).dataset.get();
  const auto start = corner(index - first_of(file), spec_);
  const auto block = extents(count, spec_.sample_shape);
  const Hdf5Space in_file(check_h5(H5Dget_space(dataset), "H5Dget_space"));
  check_h5(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, block.data(), nullptr),
           "H5Sselect_hyperslab");
  const Hdf5Space in_memory(
      check_h5(H5Screate_simple(static_cast<int>(block.size()), block.data(), nullptr), "H5Screate_simple"));
  check_h5(H5Dread(dataset, stored_type(spec_), in_memory.get(), in_file.get(), H5P_DEFAULT, values.data()), "H5Dread");
}

}  // namespace eoshard::ingest
