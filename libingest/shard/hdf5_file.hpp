// The HDF5 library: its handles as values, its errors as exceptions, and the zstd filter that our files use.
#pragma once

#include <cstdint>
#include <mutex>

#include "libingest/core/unique_handle.hpp"

namespace eoshard::ingest {

using Hdf5Id = std::int64_t;  // hid_t

/// Number of the zstd filter in the HDF Group's registry of filters.
inline constexpr int kHdf5ZstdFilter = 32015;

/// Returns `result`. @throws Error{io} with the library's innermost message when it is negative.
Hdf5Id check_h5(Hdf5Id result, const char* call);

struct Hdf5FileTraits {
  static Hdf5Id invalid() noexcept { return -1; }
  static void close(Hdf5Id file) noexcept;
};
struct Hdf5DatasetTraits {
  static Hdf5Id invalid() noexcept { return -1; }
  static void close(Hdf5Id dataset) noexcept;
};
struct Hdf5SpaceTraits {
  static Hdf5Id invalid() noexcept { return -1; }
  static void close(Hdf5Id space) noexcept;
};
struct Hdf5TypeTraits {
  static Hdf5Id invalid() noexcept { return -1; }
  static void close(Hdf5Id type) noexcept;
};
struct Hdf5PropertiesTraits {
  static Hdf5Id invalid() noexcept { return -1; }
  static void close(Hdf5Id properties) noexcept;
};
struct Hdf5AttributeTraits {
  static Hdf5Id invalid() noexcept { return -1; }
  static void close(Hdf5Id attribute) noexcept;
};

using Hdf5File = UniqueHandle<Hdf5Id, Hdf5FileTraits>;
using Hdf5Dataset = UniqueHandle<Hdf5Id, Hdf5DatasetTraits>;
using Hdf5Space = UniqueHandle<Hdf5Id, Hdf5SpaceTraits>;
using Hdf5Type = UniqueHandle<Hdf5Id, Hdf5TypeTraits>;
using Hdf5Properties = UniqueHandle<Hdf5Id, Hdf5PropertiesTraits>;
using Hdf5AttributeHandle = UniqueHandle<Hdf5Id, Hdf5AttributeTraits>;

/// Readies the library for this process, once: filter 32015 is registered and nothing is printed.
void initialise_hdf5();

/// The library is not thread-safe: threads that share it hold this.
std::mutex& hdf5_mutex();

}  // namespace eoshard::ingest
