// Counts every patch of a dataset once, a row of its tables at a time, in memory that grows with products and classes
// but not with patches.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace eoshard::ingest {

/// One row of samples.csv (kept) or rejected.csv.
struct PatchRecord {
  std::string category;  ///< the split of a kept patch, the reason of a rejected one
  bool is_kept = false;
  std::int64_t index = 0;  ///< in its split; kept patches only
  std::string patch_id;
  std::string product;
  std::string mgrs_tile;
  std::string acquired;
  std::string baseline;
  int column = 0;
  int row = 0;
  int epsg = 0;  ///< 0 where the table gives no place
  std::int64_t ulx_m = 0;
  std::int64_t uly_m = 0;
  std::vector<std::size_t> classes;  ///< kept patches only; ascending
};

/// One granule: a product may hold several, told apart by their tiles.
struct GranuleKey {
  std::string mgrs_tile;
  std::string acquired;
  std::string product;
  auto operator<=>(const GranuleKey&) const = default;
};

struct MapCell {
  int column = 0;
  int row = 0;
  std::string_view category;  ///< points into the census
};

/// Bounds of what was seen, in metres of the zone.
struct GroundExtent {
  std::int64_t west = 0, south = 0, east = 0, north = 0;
};

struct GranuleCounts {
  std::string baseline;
  int epsg = 0;
  GroundExtent extent;
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  std::map<std::string, std::uint64_t, std::less<>> by_category;
  std::vector<MapCell> cells;  ///< only of granules that are to be mapped

  std::uint64_t patches() const { return kept + rejected; }
};

/// A sample that may be pictured.
struct PictureCandidate {
  std::uint64_t order = 0;  ///< a hash of the patch id: as good as random, and the same in every run
  std::string patch_id;
  std::string split;
  std::int64_t index = 0;
  std::vector<std::size_t> classes;
  std::string place;  ///< the same for all dates of a ground square
  bool operator<(const PictureCandidate& other) const {
    return std::tie(order, patch_id, split, index) < std::tie(other.order, other.patch_id, other.split, other.index);
  }
};

class PatchCensus {
 public:
  /// `mapped`: the granules whose cells are kept.
  PatchCensus(std::size_t classes, std::set<GranuleKey> mapped);
  PatchCensus(PatchCensus&&) = default;
  PatchCensus& operator=(PatchCensus&&) = default;  // no copies: cells and latest_ point into the maps

  void add(const PatchRecord& patch);

  std::uint64_t kept() const { return kept_; }
  std::uint64_t rejected() const { return rejected_; }
  std::uint64_t in_category(std::string_view category) const;
  /// Names of all splits and reasons that were seen.
  std::vector<std::string> categories() const;
  /// Samples of `split` that carry `class_index`.
  std::uint64_t in_class(std::string_view split, std::size_t class_index) const;
  /// Samples that carry both classes; one class twice: that carry it.
  std::uint64_t together(std::size_t a, std::size_t b) const { return together_[a * classes_ + b]; }
  /// Samples by their number of labels; the index is that number.
  const std::vector<std::uint64_t>& labels_a_sample() const { return labels_a_sample_; }
  /// In the order of tile, time and name.
  const std::map<GranuleKey, GranuleCounts>& granules() const { return granules_; }

  /// Up to `wanted` samples of each class, in the order of their hashes; rare classes choose first, and no ground
  /// square is chosen twice unless a class has no other. The last list has samples without a
  /// label.
  std::vector<std::vector<PictureCandidate>> choose_pictures(std::size_t wanted) const;

 private:
  GranuleCounts& granule_of(const PatchRecord& patch);
  void count_place(const PatchRecord& patch);
  void count_labels(const PatchRecord& patch);
  void offer_picture(const PatchRecord& patch);

  std::size_t classes_;
  std::set<GranuleKey> mapped_;
  std::uint64_t kept_ = 0;
  std::uint64_t rejected_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> by_category_;
  std::map<std::string, std::vector<std::uint64_t>, std::less<>> by_split_and_class_;
  std::vector<std::uint64_t> together_;
  std::vector<std::uint64_t> labels_a_sample_;
  std::map<GranuleKey, GranuleCounts> granules_;
  std::pair<const GranuleKey, GranuleCounts>* latest_ = nullptr;  // rows come a product at a time
  std::vector<std::set<PictureCandidate>> candidates_;            // a list a class, and one without
};

}  // namespace eoshard::ingest
