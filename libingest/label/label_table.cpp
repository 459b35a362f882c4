#include "libingest/label/label_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Entry = LabelTable::Entry;

bool is_before(const Entry& a, const Entry& b) { return std::tie(a.y, a.x, a.classes) < std::tie(b.y, b.x, b.classes); }

bool is_same_patch(const Entry& a, const Entry& b) { return a.x == b.x && a.y == b.y; }

template <class Value>
void append(std::string& bytes, const Value* values, std::size_t count) {
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(Value));
}

std::uint64_t take_number(const std::string& bytes, std::size_t& at) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  at += sizeof number;
  return number;
}

}  // namespace

void LabelTable::finish() {
  for (auto& [place, entries] : entries_) {
    std::sort(entries.begin(), entries.end(), is_before);
    const auto same = [](const Entry& a, const Entry& b) { return is_same_patch(a, b) && a.classes == b.classes; };
    entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
    entries.shrink_to_fit();
    const auto twice = std::adjacent_find(entries.begin(), entries.end(), is_same_patch);
    if (twice == entries.end()) continue;
    throw Error(ErrorKind::input, fmt::format("the patch at {}, {} of {} is there twice, with different labels",
                                              twice->x, twice->y, place));
  }
}

std::optional<std::uint64_t> LabelTable::find(const std::string& place, std::int64_t x, std::int64_t y) const {
  const auto entries = entries_.find(place);
  if (entries == entries_.end()) return std::nullopt;
  const Entry wanted{x, y, 0};
  const auto found = std::lower_bound(entries->second.begin(), entries->second.end(), wanted, is_before);
  if (found == entries->second.end() || !is_same_patch(*found, wanted)) return std::nullopt;
  return found->classes;
}

std::size_t LabelTable::size() const {
  std::size_t total = 0;
  for (const auto& [place, entries] : entries_) total += entries.size();
  return total;
}

// A place after the other: length of its name, the name, number of entries, the entries.
std::string LabelTable::bytes() const {
  std::string bytes;
  for (const auto& [place, entries] : entries_) {
    const std::uint64_t name_bytes = place.size(), count = entries.size();
    append(bytes, &name_bytes, 1);
    bytes += place;
    append(bytes, &count, 1);
    append(bytes, entries.data(), entries.size());
  }
  return bytes;
}

void LabelTable::add_bytes(const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t name_bytes = take_number(bytes, at);
    std::vector<Entry>& entries = entries_[bytes.substr(at, name_bytes)];
    at += name_bytes;
    const std::uint64_t count = take_number(bytes, at);
    const std::size_t before = entries.size();
    entries.resize(before + count);
    std::memcpy(entries.data() + before, bytes.data() + at, count * sizeof(Entry));
    at += count * sizeof(Entry);
  }
}

std::string place_of_projection(int epsg) { return fmt::format("EPSG:{}", epsg); }

}  // namespace eoshard::ingest
