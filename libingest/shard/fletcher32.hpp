// The checksum of HDF5's Fletcher-32 filter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace eoshard::ingest {

/// Fletcher's checksum over big-endian 16-bit words, sums modulo 65,535 kept in end-around carries; an odd last byte is
/// the high half of a word (HDF5, H5checksum.c, H5_checksum_fletcher32).
std::uint32_t fletcher32(std::span<const std::byte> bytes);

}  // namespace eoshard::ingest
