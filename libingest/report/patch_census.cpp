#include "libingest/report/patch_census.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/name_hash.hpp"
#include "libingest/core/types.hpp"

namespace eoshard::ingest {
namespace {

// More than are shown, so that classes that often occur together still show different samples.
constexpr std::size_t kCandidatesAClass = 48;

// Mixed: patch ids differ in few characters.
std::uint64_t hash_of(std::string_view text) { return random_bits(0, name_hash(text), 0); }

std::string place_of(const PatchRecord& patch) {
  if (patch.epsg == 0) return patch.patch_id;
  return fmt::format("{} {} {}", patch.epsg, patch.ulx_m, patch.uly_m);
}

void extend(GroundExtent& extent, const PatchRecord& patch, bool is_first) {
  const GroundExtent own = {patch.ulx_m, patch.uly_m - kPatchSizeM, patch.ulx_m + kPatchSizeM, patch.uly_m};
  if (is_first) extent = own;
  extent = {std::min(extent.west, own.west), std::min(extent.south, own.south), std::max(extent.east, own.east),
            std::max(extent.north, own.north)};
}

}  // namespace

PatchCensus::PatchCensus(std::size_t classes, std::set<GranuleKey> mapped)
    : classes_(classes), mapped_(std::move(mapped)), together_(classes * classes), candidates_(classes + 1) {}

void PatchCensus::add(const PatchRecord& patch) {
  ++(patch.is_kept ? kept_ : rejected_);
  ++by_category_[patch.category];
  count_place(patch);
  if (!patch.is_kept) return;
  count_labels(patch);
  offer_picture(patch);
}

GranuleCounts& PatchCensus::granule_of(const PatchRecord& patch) {
  const bool is_latest = latest_ != nullptr && latest_->first.product == patch.product &&
                         latest_->first.mgrs_tile == patch.mgrs_tile && latest_->first.acquired == patch.acquired;
  if (!is_latest) latest_ = &*granules_.try_emplace({patch.mgrs_tile, patch.acquired, patch.product}).first;
  return latest_->second;
}

void PatchCensus::count_place(const PatchRecord& patch) {
  GranuleCounts& granule = granule_of(patch);
  extend(granule.extent, patch, granule.patches() == 0);
  granule.baseline = patch.baseline;
  granule.epsg = patch.epsg;
  ++(patch.is_kept ? granule.kept : granule.rejected);
  ++granule.by_category[patch.category];
  if (!mapped_.contains(latest_->first)) return;
  granule.cells.push_back({patch.column, patch.row, by_category_.find(patch.category)->first});
}

void PatchCensus::count_labels(const PatchRecord& patch) {
  labels_a_sample_.resize(std::max(labels_a_sample_.size(), patch.classes.size() + 1));
  ++labels_a_sample_[patch.classes.size()];
  std::vector<std::uint64_t>& of_split = by_split_and_class_[patch.category];
  of_split.resize(classes_);
  for (const std::size_t a : patch.classes) {
    ++of_split[a];
    for (const std::size_t b : patch.classes) ++together_[a * classes_ + b];
  }
}

void PatchCensus::offer_picture(const PatchRecord& patch) {
  const std::uint64_t order = hash_of(patch.patch_id);
  const auto offer = [&](std::set<PictureCandidate>& list) {
    if (list.size() == kCandidatesAClass && order > list.rbegin()->order) return;
    list.insert({order, patch.patch_id, patch.category, patch.index, patch.classes, place_of(patch)});
    if (list.size() > kCandidatesAClass) list.erase(std::prev(list.end()));
  };
  if (patch.classes.empty()) offer(candidates_.back());
  for (const std::size_t index : patch.classes) offer(candidates_[index]);
}

std::uint64_t PatchCensus::in_category(std::string_view category) const {
  const auto found = by_category_.find(category);
  return found == by_category_.end() ? 0 : found->second;
}

std::vector<std::string> PatchCensus::categories() const {
  std::vector<std::string> names;
  for (const auto& [name, count] : by_category_) names.push_back(name);
  return names;
}

std::uint64_t PatchCensus::in_class(std::string_view split, std::size_t class_index) const {
  const auto found = by_split_and_class_.find(split);
  return found == by_split_and_class_.end() ? 0 : found->second[class_index];
}

std::vector<std::vector<PictureCandidate>> PatchCensus::choose_pictures(std::size_t wanted) const {
  std::vector<std::size_t> rarest_first(candidates_.size());
  std::iota(rarest_first.begin(), rarest_first.end(), std::size_t{0});
  std::stable_sort(rarest_first.begin(), std::prev(rarest_first.end()),
                   [&](std::size_t a, std::size_t b) { return together(a, a) < together(b, b); });
  std::vector<std::vector<PictureCandidate>> chosen(candidates_.size());
  std::set<std::string> taken;
  for (const std::size_t list : rarest_first) {
    for (const PictureCandidate& candidate : candidates_[list]) {
      if (chosen[list].size() < wanted && taken.insert(candidate.place).second) chosen[list].push_back(candidate);
    }
    if (chosen[list].empty() && !candidates_[list].empty()) chosen[list].push_back(*candidates_[list].begin());
  }
  return chosen;
}

}  // namespace eoshard::ingest
