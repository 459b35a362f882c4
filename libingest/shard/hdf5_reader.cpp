#include "libingest/shard/hdf5_reader.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <mutex>

#include "libingest/core/error.hpp"
#include "libingest/core/file_pool.hpp"
#include "libingest/shard/fletcher32.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kFletcherBytes = 4;

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

std::uint32_t get_u32(std::span<const std::byte> from) {
  std::uint32_t value = 0;
  for (std::size_t byte = 0; byte < 4; ++byte) value |= std::to_integer<std::uint32_t>(from[byte]) << (8 * byte);
  return value;
}

// What the Fletcher-32 filter wrote: the values, then their checksum.
void unwrap_fletcher(std::span<const std::byte> bytes, std::span<std::byte> values) {
  if (bytes.size() != values.size() + kFletcherBytes) throw Error(ErrorKind::input, "the chunk has a wrong length");
  const auto body = bytes.first(values.size());
  if (fletcher32(body) != get_u32(bytes.subspan(body.size()))) {
    throw Error(ErrorKind::input, "the chunk's Fletcher-32 does not match: the file is damaged");
  }
  std::copy(body.begin(), body.end(), values.begin());
}

}  // namespace

// A file as the library sees it.
struct Hdf5ArrayReader::Source {
  Hdf5File file;
  Hdf5Dataset dataset;
  std::filesystem::path path;
};

// Where the chunks of a shard's samples lie.
struct Hdf5ArrayReader::Shard {
  struct Place {
    std::uint64_t address, bytes;
    bool is_filtered;
  };
  explicit Shard(std::filesystem::path path) : file(FilePool::shared(), std::move(path)) {}

  PooledFile file;
  std::vector<Place> places;
};

Hdf5ArrayReader::Hdf5ArrayReader(std::filesystem::path dataset, std::string split, const DatasetFormats& formats,
                                 ArraySpec spec, std::int64_t samples)
    : dataset_(std::move(dataset)),
      split_(std::move(split)),
      formats_(formats),
      spec_(std::move(spec)),
      samples_(samples),
      shards_(static_cast<std::size_t>(shard_count(samples))) {
  if (!is_single()) return;
  const std::lock_guard lock(hdf5_mutex());
  with_context(hdf5_path(dataset_, split_, formats_.hdf5_layout, 0).string(), [&] { single_ = open_source(0); });
}

Hdf5ArrayReader::~Hdf5ArrayReader() {
  const std::lock_guard lock(hdf5_mutex());
  shards_.clear();
  single_.reset();
}

std::filesystem::path Hdf5ArrayReader::place_of(std::int64_t chunk) const {
  const std::int64_t shard = chunk * spec_.chunk_samples() / kShardSamples;
  return hdf5_path(dataset_, split_, formats_.hdf5_layout, shard) / spec_.name;
}

std::shared_ptr<const Hdf5ArrayReader::Source> Hdf5ArrayReader::open_source(std::int64_t shard) const {
  if (single_) return single_;
  auto source = std::make_shared<Source>();
  source->path = hdf5_path(dataset_, split_, formats_.hdf5_layout, shard);
  source->file = open_file(source->path);
  source->dataset = Hdf5Dataset(check_h5(H5Dopen2(source->file.get(), spec_.name.c_str(), H5P_DEFAULT), "H5Dopen2"));
  check_layout(source->dataset, is_single() ? samples_ : std::min(kShardSamples, samples_ - shard * kShardSamples));
  return source;
}

const Hdf5ArrayReader::Shard& Hdf5ArrayReader::open_shard(std::int64_t shard) const {
  const std::lock_guard own_lock(mutex_);
  auto& slot = shards_.at(static_cast<std::size_t>(shard));
  if (slot) return *slot;
  const std::lock_guard lock(hdf5_mutex());
  const std::shared_ptr<const Source> source = open_source(shard);
  auto opened = std::make_shared<Shard>(source->path);
  const std::int64_t first = shard * kShardSamples, base = is_single() ? 0 : first;
  const std::int64_t end = std::min(samples_, first + kShardSamples);
  for (std::int64_t sample = first; sample < end; sample += spec_.chunk_samples()) {
    const auto offset = corner(sample - base, spec_);
    unsigned skipped_filters = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    check_h5(H5Dget_chunk_info_by_coord(source->dataset.get(), offset.data(), &skipped_filters, &address, &bytes),
             "H5Dget_chunk_info_by_coord");
    opened->places.push_back({address, address == HADDR_UNDEF ? 0 : bytes, skipped_filters == 0});
  }
  slot = std::move(opened);
  return *slot;
}

void Hdf5ArrayReader::check_layout(const Hdf5Dataset& dataset, std::int64_t samples) const {
  const std::vector<hsize_t> shape = extents(samples, spec_.sample_shape);
  const Hdf5Properties properties(check_h5(H5Dget_create_plist(dataset.get()), "H5Dget_create_plist"));
  const bool matches = shape_of(dataset) == shape && has_type(dataset, stored_type(spec_)) &&
                       chunk_of(properties, shape.size()) == extents(spec_.chunk_samples(), spec_.sample_shape) &&
                       filters_of(properties) == expected_filters(spec_, formats_.hdf5_compression);
  if (!matches) throw Error(ErrorKind::input, "the dataset's shape, type, chunks or filters differ from dataset.json");
}

void Hdf5ArrayReader::read_chunk(std::int64_t chunk, std::vector<std::byte>& bytes) const {
  const Shard& shard = open_shard(chunk / spec_.chunks_per_shard());
  const Shard::Place& place = shard.places.at(static_cast<std::size_t>(chunk % spec_.chunks_per_shard()));
  const std::size_t limit = 2 * spec_.sample_bytes() * static_cast<std::size_t>(spec_.chunk_samples()) + 4096;
  if (place.bytes == 0 || place.bytes > limit)
    throw Error(ErrorKind::input, "the chunk is absent or has an impossible length");
  if (!place.is_filtered) throw Error(ErrorKind::input, "the chunk was stored without its filters");
  bytes.resize(place.bytes);
  read_exactly(*shard.file.open(), place.address, bytes, shard.file.path());
}

void Hdf5ArrayReader::decode_chunk(std::span<const std::byte> bytes, std::span<std::byte> values,
                                   ChunkDecoder& decoder) const {
  if (formats_.hdf5_compression == Hdf5Compression::none) return unwrap_fletcher(bytes, values);
  decoder.decode_frame(bytes, values);
}

}  // namespace eoshard::ingest
