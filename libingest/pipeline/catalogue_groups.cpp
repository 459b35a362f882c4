#include "libingest/pipeline/catalogue_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <tuple>

#include "libingest/core/error.hpp"
#include "libingest/pipeline/sample_part.hpp"

namespace eoshard::ingest {
namespace {

std::vector<std::string_view> keys_of(const PartContents& part) {
  std::vector<std::string_view> keys;
  for (const PartSample& sample : part.samples) keys.emplace_back(sample.key);
  for (const LeftOutSample& sample : part.left_out) keys.emplace_back(sample.key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

CatalogueGroups::CatalogueGroups(std::vector<ArchiveEntry> entries, SampleRulings& rulings)
    : entries_(std::move(entries)), rulings_(rulings) {
  std::sort(entries_.begin(), entries_.end(), [](const ArchiveEntry& one, const ArchiveEntry& other) {
    return std::tie(one.split, one.key) < std::tie(other.split, other.key);
  });
  const auto twice = std::adjacent_find(entries_.begin(), entries_.end(),
                                        [](const auto& one, const auto& other) { return one.key == other.key; });
  if (twice != entries_.end()) throw Error(ErrorKind::input, fmt::format("{} is in the archive twice", twice->key));
  constexpr auto kMost = static_cast<std::size_t>(kShardSamples);
  for (std::size_t entry = 0; entry < entries_.size(); ++entry) {
    const bool begins = ranges_.empty() || entries_[entry].split != entries_[ranges_.back().begin].split ||
                        entry - ranges_.back().begin == kMost;
    if (begins) ranges_.push_back({entry, entry});
    ranges_.back().end = entry + 1;
  }
}

bool CatalogueGroups::is_part_of(const Range& range, const std::filesystem::path& tally) const {
  const PartContents part = read_sample_part(tally);
  const std::vector<std::string_view> keys = keys_of(part);
  const auto entries = std::span(entries_).subspan(range.begin, range.end - range.begin);
  return part.split == entries.front().split &&
         std::equal(keys.begin(), keys.end(), entries.begin(), entries.end(),
                    [](std::string_view key, const ArchiveEntry& entry) { return key == entry.key; });
}

PackGroup CatalogueGroups::group_of(std::size_t number) const {
  const Range& range = ranges_[number];
  std::vector<PackItem> items;
  for (std::size_t entry = range.begin; entry < range.end; ++entry) {
    PackItem& item = items.emplace_back();
    item.number = entry;
    item.entry = entries_[entry];
    item.raw.damage = item.entry.damage;
    item.ruling = rulings_.rule(item.entry.key, item.entry.split);
  }
  return {number, range.begin, range.end - range.begin, items_text(items)};
}

std::vector<PackGroup> CatalogueGroups::unfinished(const WorkFolder& work, const std::string& tally_name) {
  std::vector<bool> is_there(ranges_.size());
  for (const std::filesystem::path& tally : work.part_files(tally_name)) {
    const std::size_t number = std::stoul(tally.filename().string());
    if (number < ranges_.size() && is_part_of(ranges_[number], tally)) {
      is_there[number] = true;
    } else {
      std::filesystem::remove(tally);
    }
  }
  std::vector<PackGroup> groups;
  for (std::size_t number = 0; number < ranges_.size(); ++number) {
    if (!is_there[number]) groups.push_back(group_of(number));
  }
  return groups;
}

}  // namespace eoshard::ingest
