#include "libingest/shard/hdf5_writer.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/hdf5_file.hpp"

namespace eoshard::ingest {
namespace {

using Extents = std::vector<hsize_t>;

Extents with_leading(std::int64_t first, const std::vector<std::int64_t>& rest) {
  Extents extents = {static_cast<hsize_t>(first)};
  for (const std::int64_t extent : rest) extents.push_back(static_cast<hsize_t>(extent));
  return extents;
}

Hdf5Id stored_type(const ArraySpec& spec) { return element_bytes(spec.codec) == 2 ? H5T_STD_U16LE : H5T_STD_U8LE; }

// A chunk must not be larger than the largest extent, so the ragged last chunk of rows makes room to grow.
Hdf5Space make_space(const ArraySpec& spec, std::int64_t samples) {
  const std::int64_t chunk = spec.chunk_samples();
  const std::int64_t whole_chunks = std::max<std::int64_t>((samples + chunk - 1) / chunk, 1) * chunk;
  const Extents now = with_leading(samples, spec.sample_shape);
  const Extents largest = with_leading(whole_chunks, spec.sample_shape);
  return Hdf5Space(check_h5(H5Screate_simple(static_cast<int>(now.size()), now.data(), largest.data()), "H5Screate"));
}

void set_filters(const Hdf5Properties& properties, const ArraySpec& spec, Hdf5Compression compression) {
  if (compression == Hdf5Compression::none) {
    check_h5(H5Pset_fletcher32(properties.get()), "H5Pset_fletcher32");
    return;
  }
  if (element_bytes(spec.codec) > 1) check_h5(H5Pset_shuffle(properties.get()), "H5Pset_shuffle");
  const unsigned level = kZstdLevel;
  check_h5(H5Pset_filter(properties.get(), kHdf5ZstdFilter, H5Z_FLAG_MANDATORY, 1, &level), "H5Pset_filter");
}

// Times would make two files of the same content differ. Chunks of one sample are written whole, so they are never
// filled first; a ragged chunk of rows is filled with zeros, as in Zarr.
Hdf5Properties dataset_properties(const ArraySpec& spec, Hdf5Compression compression) {
  Hdf5Properties properties(check_h5(H5Pcreate(H5P_DATASET_CREATE), "H5Pcreate"));
  const Extents chunk = with_leading(spec.chunk_samples(), spec.sample_shape);
  check_h5(H5Pset_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data()), "H5Pset_chunk");
  set_filters(properties, spec, compression);
  check_h5(H5Pset_obj_track_times(properties.get(), false), "H5Pset_obj_track_times");
  const auto fill = spec.is_chunk_per_sample ? H5D_FILL_TIME_NEVER : H5D_FILL_TIME_ALLOC;
  check_h5(H5Pset_fill_time(properties.get(), fill), "H5Pset_fill_time");
  return properties;
}

Hdf5AttributeHandle create_attribute(Hdf5Id object, const std::string& name, Hdf5Id type, const Hdf5Space& space) {
  return Hdf5AttributeHandle(
      check_h5(H5Acreate2(object, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), "H5Acreate2"));
}

void write_attribute(Hdf5Id object, const std::string& name, std::int64_t value) {
  const Hdf5Space space(check_h5(H5Screate(H5S_SCALAR), "H5Screate"));
  const auto attribute = create_attribute(object, name, H5T_STD_I64LE, space);
  check_h5(H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value), "H5Awrite");
}

void write_attribute(Hdf5Id object, const std::string& name, const std::vector<std::string>& texts) {
  const Hdf5Type type(check_h5(H5Tcopy(H5T_C_S1), "H5Tcopy"));
  check_h5(H5Tset_size(type.get(), H5T_VARIABLE), "H5Tset_size");
  check_h5(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  const hsize_t count = texts.size();
  const Hdf5Space space(check_h5(H5Screate_simple(1, &count, nullptr), "H5Screate_simple"));
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const auto attribute = create_attribute(object, name, type.get(), space);
  check_h5(H5Awrite(attribute.get(), type.get(), pointers.data()), "H5Awrite");
}

void write_attributes(Hdf5Id object, const std::vector<Hdf5Attribute>& attributes) {
  for (const Hdf5Attribute& attribute : attributes) {
    std::visit([&](const auto& value) { write_attribute(object, attribute.name, value); }, attribute.value);
  }
}

// One fixed version of the file format: metadata blocks carry checksums, and the bytes do not depend on the library's.
Hdf5Properties file_access(const Communicator* world) {
  Hdf5Properties access(check_h5(H5Pcreate(H5P_FILE_ACCESS), "H5Pcreate"));
  check_h5(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), "H5Pset_libver_bounds");
  check_h5(H5Pset_file_locking(access.get(), true, true), "H5Pset_file_locking");  // parallel file systems may lack it
  if (world != nullptr) check_h5(H5Pset_fapl_mpio(access.get(), world->get(), MPI_INFO_NULL), "H5Pset_fapl_mpio");
  return access;
}

Hdf5File create_file(const std::filesystem::path& path, const Communicator* world) {
  initialise_hdf5();
  const Hdf5Properties creation(check_h5(H5Pcreate(H5P_FILE_CREATE), "H5Pcreate"));
  check_h5(H5Pset_obj_track_times(creation.get(), false), "H5Pset_obj_track_times");
  const Hdf5Properties access = file_access(world);
  return Hdf5File(check_h5(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "H5Fcreate"));
}

}  // namespace

std::vector<Hdf5Array> hdf5_arrays(const std::vector<ImageArray>& images, const std::vector<std::string>& classes) {
  std::vector<Hdf5Array> arrays;
  for (const ImageArray& image : images) {
    arrays.push_back({image_spec(image), {{"bands", image.bands}, {"resolution_m", std::int64_t{image.resolution_m}}}});
  }
  if (!classes.empty()) arrays.push_back({classes_spec(classes.size()), {{"names", classes}}});
  arrays.push_back({patch_id_spec(), {}});
  return arrays;
}

struct Hdf5Writer::State {
  struct Array {
    ArraySpec spec;
    Hdf5Dataset dataset;
    ChunkEncoder encoder;
    ChunkDecoder decoder;
    std::int64_t chunks = 0;  // appended so far
  };

  State(const std::filesystem::path& to, const Hdf5Contents& contents, const Communicator* ranks)
      : path(to), temporary_path(to), world(ranks), samples(contents.samples), compression(contents.compression) {
    temporary_path += ".tmp";
    with_context(temporary_path.string(), [&] {
      file = create_file(temporary_path, world);
      try {
        for (const Hdf5Array& array : contents.arrays) create_dataset(array);
      } catch (...) {
        discard();
        throw;
      }
    });
  }

  ~State() {
    if (file) discard();
  }

  // The file is emptied first. On a full disk the library could not write what closing it writes; it would keep a
  // half-closed file and crash over it when the program ends (1.10.8).
  void discard() {
    std::error_code ignored;
    if (names_files()) std::filesystem::resize_file(temporary_path, 0, ignored);
    if (world != nullptr) world->barrier();
    arrays.clear();
    file.reset();
    if (names_files()) std::filesystem::remove(temporary_path, ignored);
  }

  bool names_files() const { return world == nullptr || world->is_root(); }

  void create_dataset(const Hdf5Array& array) {
    const Hdf5Properties properties = dataset_properties(array.spec, compression);
    const Hdf5Space space = make_space(array.spec, samples);
    Hdf5Dataset dataset(check_h5(H5Dcreate2(file.get(), array.spec.name.c_str(), stored_type(array.spec), space.get(),
                                            H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                                 "H5Dcreate2"));
    write_attribute(dataset.get(), "DIMENSION_LABELS", array.spec.dimension_names);  // as H5DSset_label does
    write_attributes(dataset.get(), array.attributes);
    arrays.push_back({array.spec, std::move(dataset), ChunkEncoder(array.spec.codec), ChunkDecoder(array.spec.codec)});
  }

  // The chunk's frame goes past the library's filters, which would make the same one.
  void append_frame(Array& array, std::span<const std::byte> chunk) {
    const auto frame = array.encoder.frame_of(chunk);
    const Extents offset = with_leading(array.chunks * array.spec.chunk_samples(),
                                        std::vector<std::int64_t>(array.spec.sample_shape.size(), 0));
    check_h5(H5Dwrite_chunk(array.dataset.get(), H5P_DEFAULT, 0, offset.data(), frame.size(), frame.data()),
             "H5Dwrite_chunk");
  }

  void append_values(Array& array, std::span<const std::byte> chunk) {
    const std::int64_t chunk_samples = array.spec.chunk_samples();
    values.resize(array.spec.sample_bytes() * static_cast<std::size_t>(chunk_samples));
    array.decoder.decode(chunk, values);
    const std::int64_t first = array.chunks * chunk_samples;
    write(array, first, std::min(chunk_samples, samples - first), values.data());
  }

  void write(const Array& array, std::int64_t first, std::int64_t count, const std::byte* data) const {
    const Hdf5Space in_file(check_h5(H5Dget_space(array.dataset.get()), "H5Dget_space"));
    const Extents block = with_leading(std::max<std::int64_t>(count, 1), array.spec.sample_shape);
    const Hdf5Space in_memory(
        check_h5(H5Screate_simple(static_cast<int>(block.size()), block.data(), nullptr), "H5Screate_simple"));
    if (count == 0) {
      check_h5(H5Sselect_none(in_file.get()), "H5Sselect_none");
      check_h5(H5Sselect_none(in_memory.get()), "H5Sselect_none");
    } else {
      const Extents start = with_leading(first, std::vector<std::int64_t>(array.spec.sample_shape.size(), 0));
      check_h5(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, block.data(), nullptr),
               "H5Sselect_hyperslab");
    }
    const Hdf5Properties transfer(check_h5(H5Pcreate(H5P_DATASET_XFER), "H5Pcreate"));
    if (world != nullptr) check_h5(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_COLLECTIVE), "H5Pset_dxpl_mpio");
    check_written(
        H5Dwrite(array.dataset.get(), stored_type(array.spec), in_memory.get(), in_file.get(), transfer.get(), data));
  }

  // MPI's file access does not say why it failed.
  void check_written(Hdf5Id result) const {
    std::error_code ignored;
    constexpr std::uintmax_t kHardlyAny = 1 << 20;
    const bool is_full =
        world != nullptr && result < 0 && std::filesystem::space(temporary_path, ignored).available < kHardlyAny;
    check_h5(result, is_full ? "the disk is full: H5Dwrite" : "H5Dwrite");
  }

  void close() {
    check_h5(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "H5Fflush");  // a close that fails cannot be repeated
    for (Array& array : arrays) check_h5(H5Dclose(array.dataset.release()), "H5Dclose");
    check_h5(H5Fclose(file.release()), "H5Fclose");
    if (names_files()) std::filesystem::rename(temporary_path, path);
  }

  std::filesystem::path path;
  std::filesystem::path temporary_path;
  const Communicator* world;  // null: this process alone
  std::int64_t samples;
  Hdf5Compression compression;
  Hdf5File file;
  std::vector<Array> arrays;
  std::vector<std::byte> values;
};

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path, const Hdf5Contents& contents)
    : state_(std::make_unique<State>(path, contents, nullptr)) {}

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path, const Hdf5Contents& contents, const Communicator& world)
    : state_(std::make_unique<State>(path, contents, &world)) {}

Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::append(std::size_t array, std::span<const std::byte> zarr_chunk) {
  with_context(state_->temporary_path.string(), [&] {
    State::Array& to = state_->arrays.at(array);
    if (state_->compression == Hdf5Compression::zstd) {
      state_->append_frame(to, zarr_chunk);
    } else {
      state_->append_values(to, zarr_chunk);
    }
    ++to.chunks;
  });
}

void Hdf5Writer::write_samples(std::size_t array, std::int64_t first, std::int64_t count,
                               std::span<const std::byte> values) {
  with_context(state_->temporary_path.string(),
               [&] { state_->write(state_->arrays.at(array), first, count, values.data()); });
}

void Hdf5Writer::close() {
  with_context(state_->temporary_path.string(), [&] { state_->close(); });
}

}  // namespace eoshard::ingest
