// What lists say of named samples: hundreds of thousands of names in little memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard::ingest {

/// A value for each of many names. Names are added, sorted once, then found.
template <class Value>
class NameTable {
 public:
  void add(std::string_view name, const Value& value) {
    entries_.push_back({text_.size(), static_cast<std::uint32_t>(name.size()), value});
    text_ += name;
  }

  /// Sorts by name. Calls `on_repeat(name, first value, other value)` for names that are there several times, in the
  /// order in which they were added; the first value stays.
  template <class OnRepeat>
  void finish(const OnRepeat& on_repeat);

  Value* find(std::string_view name);

  std::size_t size() const { return entries_.size(); }

  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const Entry& entry : entries_) visit(name_of(entry), entry.value);
  }

 private:
  struct Entry {
    std::size_t offset;
    std::uint32_t length;
    Value value;
  };

  std::string_view name_of(const Entry& entry) const {
    return std::string_view(text_).substr(entry.offset, entry.length);
  }

  std::string text_;  // all names
  std::vector<Entry> entries_;
};

template <class Value>
template <class OnRepeat>
void NameTable<Value>::finish(const OnRepeat& on_repeat) {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return name_of(a) < name_of(b); });
  auto kept = entries_.begin();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (kept != entries_.begin() && name_of(*std::prev(kept)) == name_of(*entry)) {
      on_repeat(name_of(*entry), std::prev(kept)->value, entry->value);
    } else {
      *kept++ = *entry;
    }
  }
  entries_.erase(kept, entries_.end());
}

template <class Value>
Value* NameTable<Value>::find(std::string_view name) {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), name,
                       [&](const Entry& entry, std::string_view wanted) { return name_of(entry) < wanted; });
  return found == entries_.end() || name_of(*found) != name ? nullptr : &found->value;
}

}  // namespace eoshard::ingest
