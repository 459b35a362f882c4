#include "libingest/report/html_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace eoshard::ingest {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Length of the UTF-8 sequence that `text` begins with (Unicode 15, table 3-7); 0 when it is ill-formed.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const auto is_tail = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(at) >= low && byte(at) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    return is_tail(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && is_tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    return is_tail(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& html, char character) {
  switch (character) {
    case '&': html += "&amp;"; return;
    case '<': html += "&lt;"; return;
    case '>': html += "&gt;"; return;
    case '"': html += "&quot;"; return;
    case '\'': html += "&#39;"; return;
    default: break;
  }
  const bool is_control = (character < ' ' && character != '\n' && character != '\t') || character == '\x7f';
  if (is_control) {
    html += kReplacement;
  } else {
    html += character;
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 1) append_escaped(html, text.front());
    if (length == 0) html += kReplacement;
    if (length > 1) html += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return html;
}

std::string data_uri(std::string_view media_type, std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string uri = fmt::format("data:{};base64,", media_type);
  uri.reserve(uri.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    unsigned group = 0;
    for (std::size_t byte = 0; byte < 3; ++byte) {
      group = group << 8 | (byte < count ? std::to_integer<unsigned>(bytes[at + byte]) : 0U);
    }
    for (std::size_t digit = 0; digit < 4; ++digit) {
      uri += digit <= count ? kDigits[group >> (18 - 6 * digit) & 63] : '=';
    }
  }
  return uri;
}

std::string with_separators(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, ",");
  return text;
}

std::string compact(std::uint64_t number) {
  if (number < 10'000) return std::to_string(number);
  constexpr std::array<char, 6> kUnits = {'k', 'M', 'G', 'T', 'P', 'E'};
  double value = static_cast<double>(number);
  std::size_t unit = 0;
  for (value /= 1000; value >= 999.5; value /= 1000) ++unit;
  return value < 9.95 ? fmt::format("{:.1f}{}", value, kUnits[unit]) : fmt::format("{:.0f}{}", value, kUnits[unit]);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "–";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (part > 0 && share < 0.05) return "&lt; 0.1 %";
  return fmt::format("{:.1f} %", share);
}

std::string plural(std::uint64_t number, std::string_view noun) {
  if (number == 1) return std::string(noun);
  const bool hisses = noun.ends_with("ch") || noun.ends_with("s");
  return fmt::format("{}{}", noun, hisses ? "es" : "s");
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}", with_separators(number), plural(number, noun));
}

}  // namespace eoshard::ingest
