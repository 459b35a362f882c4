// A line of whole numbers from 0 to 255 with commas between them, as fast as its bytes come.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace eoshard::ingest {

/// Fills `values` with the numbers of `line`. False unless the line has as many, each of one to three digits and no
/// more than 255; `values` are of no use then.
bool read_byte_values(std::string_view line, std::span<std::uint8_t> values);

}  // namespace eoshard::ingest
