#include "libingest/core/byte_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <filesystem>

namespace eoshard {
namespace {

struct Range {
  unsigned char low, high;
};

bool holds(Range range, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value >= range.low && value <= range.high;
}

// What the byte after the lead byte may be: overlong forms, surrogates and code points past U+10FFFF are excluded (The
// Unicode Standard, table 3-7).
Range second_byte_of(unsigned char lead) {
  switch (lead) {
    case 0xe0: return {0xa0, 0xbf};
    case 0xed: return {0x80, 0x9f};
    case 0xf0: return {0x90, 0xbf};
    case 0xf4: return {0x80, 0x8f};
    default: return {0x80, 0xbf};
  }
}

std::size_t length_by_lead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

// Bytes of the character that `text` begins with; 0 when they are no UTF-8.
std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = length_by_lead(lead);
  if (length == 0 || text.size() < length) return 0;
  if (length > 1 && !holds(second_byte_of(lead), text[1])) return 0;
  for (std::size_t index = 2; index < length; ++index) {
    if (!holds({0x80, 0xbf}, text[index])) return 0;
  }
  return length;
}

bool parse_hex_byte(std::string_view digits, char& byte) {
  unsigned char value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || status != std::errc() || end != digits.data() + digits.size()) return false;
  byte = static_cast<char>(value);
  return true;
}

}  // namespace

std::string escape_bytes(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = character_bytes(bytes);
    if (length == 0) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.front()));
    } else {
      text += bytes.front() == '\\' ? std::string_view("\\\\") : bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

std::string unescape_bytes(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    char byte = text.front();
    std::size_t used = 1;
    if (text.starts_with("\\\\")) {
      used = 2;
    } else if (text.starts_with("\\x") && parse_hex_byte(text.substr(2, 2), byte)) {
      used = 4;
    }
    bytes += byte;
    text.remove_prefix(used);
  }
  return bytes;
}

std::string canonical_path_text(const std::string& path) {
  return escape_bytes(std::filesystem::weakly_canonical(path).string());
}

}  // namespace eoshard
