#include "libingest/shard/hdf5_zstd_filter.hpp"

#include <hdf5.h>
#include <zstd.h>

#include "libingest/shard/codec.hpp"
#include "libingest/shard/hdf5_file.hpp"

namespace eoshard::ingest {
namespace {

constexpr unsigned long long kLargestChunkBytes = 1ull << 32;  // HDF5's own limit

// The library owns *buffer and frees it with H5free_memory's kin; on success ours takes its place.
std::size_t hand_over(void* ours, std::size_t room, std::size_t bytes, std::size_t* buffer_bytes, void** buffer) {
  if (ZSTD_isError(bytes)) {
    H5free_memory(ours);
    return 0;
  }
  H5free_memory(*buffer);
  *buffer = ours;
  *buffer_bytes = room;
  return bytes;
}

std::size_t compress(int level, std::size_t bytes, std::size_t* buffer_bytes, void** buffer) {
  const std::size_t room = ZSTD_compressBound(bytes);
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  void* const frame = H5allocate_memory(room, false);
  if (context == nullptr || frame == nullptr) {
    ZSTD_freeCCtx(context);
    H5free_memory(frame);
    return 0;
  }
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const std::size_t frame_bytes = ZSTD_compress2(context, frame, room, *buffer, bytes);
  ZSTD_freeCCtx(context);
  return hand_over(frame, room, frame_bytes, buffer_bytes, buffer);
}

std::size_t decompress(std::size_t bytes, std::size_t* buffer_bytes, void** buffer) {
  const unsigned long long content = ZSTD_getFrameContentSize(*buffer, bytes);  // its error codes are huge numbers
  if (content == 0 || content >= kLargestChunkBytes) return 0;
  void* const values = H5allocate_memory(content, false);
  if (values == nullptr) return 0;
  return hand_over(values, content, ZSTD_decompress(values, content, *buffer, bytes), buffer_bytes, buffer);
}

// H5Z_func_t: 0 says that the filter failed.
std::size_t filter(unsigned flags, std::size_t parameters, const unsigned values[], std::size_t bytes,
                   std::size_t* buffer_bytes, void** buffer) {
  if ((flags & H5Z_FLAG_REVERSE) != 0) return decompress(bytes, buffer_bytes, buffer);
  return compress(parameters > 0 ? static_cast<int>(values[0]) : kZstdLevel, bytes, buffer_bytes, buffer);
}

}  // namespace

void register_hdf5_zstd_filter() {
  const H5Z_class2_t zstd = {H5Z_CLASS_T_VERS, kHdf5ZstdFilter, 1, 1, "zstd", nullptr, nullptr, filter};
  check_h5(H5Zregister(&zstd), "H5Zregister");
}

}  // namespace eoshard::ingest
