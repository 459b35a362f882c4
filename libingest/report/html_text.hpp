// Text as HTML that is well-formed XML too: the one place where it is escaped, and numbers as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace eoshard::ingest {

/// `text` for an element or a quoted attribute. Bytes that are no UTF-8 and control characters become U+FFFD.
std::string escape_html(std::string_view text);

/// "data:image/png;base64,…"
std::string data_uri(std::string_view media_type, std::span<const std::byte> bytes);

/// "1,234,567"
std::string with_separators(std::uint64_t number);
/// At most four characters: "987", "12k", "1.2M"
std::string compact(std::uint64_t number);
/// "12.3 %"; "–" where `whole` is 0.
std::string percent(std::uint64_t part, std::uint64_t whole);
/// "patch" of 1, "patches" of any other number
std::string plural(std::uint64_t number, std::string_view noun);
/// "1 patch", "2 patches"
std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace eoshard::ingest
