// CRC-32C (Castagnoli), the checksum of Zarr chunks and shard indexes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace eoshard::ingest {

/// Checksum of `bytes`; reflected polynomial 0x82F63B78, initial value and final xor of all ones (RFC 3720).
std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace eoshard::ingest
