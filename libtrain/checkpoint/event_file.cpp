#include "libtrain/checkpoint/event_file.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "libingest/shard/crc32c.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

// Wire types of protocol buffers: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
enum class Wire : std::uint64_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

template <class Value>
std::string raw(Value value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string key(std::uint64_t field, Wire wire) { return varint(field << 3 | static_cast<std::uint64_t>(wire)); }

std::string bytes_field(std::uint64_t field, const std::string& bytes) {
  return key(field, Wire::bytes) + varint(bytes.size()) + bytes;
}

std::string masked_checksum(const std::string& bytes) {
  const std::uint32_t checksum = ingest::crc32c(std::as_bytes(std::span(bytes)));
  return raw((checksum >> 15 | checksum << 17) + 0xa282ead8U);
}

std::string record(const std::string& bytes) {
  const std::string length = raw(static_cast<std::uint64_t>(bytes.size()));
  return length + masked_checksum(length) + bytes + masked_checksum(bytes);
}

std::string event(double wall_time, std::uint64_t step, const std::string& content) {
  return record(key(1, Wire::fixed64) + raw(wall_time) + key(2, Wire::varint) + varint(step) + content);
}

std::string scalar(const std::string& tag, float value) {
  return bytes_field(1, bytes_field(1, tag) + key(2, Wire::fixed32) + raw(value));
}

// "test" is scored for several weights in one step: each has tags of its own.
std::string group_of(const Json& line) {
  const std::string weights = line.value("weights", "");
  return line.value("split", "run") + (weights.empty() ? "" : "-" + weights);
}

std::string scalars_of(const Json& line) {
  std::string summary;
  for (const auto& [name, value] : line.items()) {
    if (!value.is_number() || name == "step" || name == "time") continue;
    summary += scalar(group_of(line) + "/" + name, value.get<float>());
  }
  return summary;
}

}  // namespace

std::string event_file(std::string_view metrics) {
  std::string file;
  std::istringstream lines{std::string(metrics)};
  for (std::string text; std::getline(lines, text);) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_discarded()) continue;
    const double time = line.value("time", 0.0);
    if (file.empty()) file = event(time, 0, bytes_field(3, "brain.Event:2"));
    file += event(time, line.value("step", std::uint64_t{0}), bytes_field(5, scalars_of(line)));
  }
  return file;
}

}  // namespace eoshard::train
