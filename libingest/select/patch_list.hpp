// Lists of patches, and which patches of the products of a run they name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/select/patch_name.hpp"

namespace eoshard::ingest {

struct ListedPatch {
  PatchName name;
  std::optional<GroundSquare> square;  ///< where the list gives coordinates
  std::string text;                    ///< as the list writes it
};

/// The lines of one file.
struct PatchList {
  std::string source;  ///< what messages call it: the file's path
  std::vector<ListedPatch> patches;
};

/// Reads a table's rows, the first of which may be a header. The names are in the column `patch_id`, `patch`, `name` or
/// `s2v1_name`, else in the first. Coordinates of the upper-left corner are read where the header has `ulx`, `uly` and
/// `epsg` or `projection` (a number, EPSG:n, or the WKT of BigEarthNet v1's JSON).
/// @throws Error{input} naming source and row for a text that is no patch id.
PatchList parse_patch_list(std::span<const std::vector<std::string>> rows, std::string source);

/// Gives v1 names the ids that BigEarthNet v2's table has for them.
class V1Translation {
 public:
  /// Remembers the v1 names of `lists`, and nothing else of the table.
  explicit V1Translation(std::span<const PatchList> lists);

  bool is_needed() const { return !names_.empty(); }

  /// Takes a row of the table. @throws Error{input} when either is no patch id.
  void add(const std::string& patch_id, const std::string& s2v1_name);

  /// Names that the table lacks stay as they are, but match nothing: has_product() is false and no overpass is left.
  void apply(PatchList& list) const;

 private:
  std::map<PatchName, PatchName> names_;  // a name without product and overpass: not met yet
};

/// Patches of the run's products that some lists name.
struct ListMatches {
  std::vector<std::vector<int>> patches;  ///< by product: PatchGrid indices, ascending, each once
  std::size_t names = 0;                  ///< in the lists
  std::size_t unmatched = 0;              ///< of no product of the run
  std::size_t untranslated = 0;           ///< among these: v1 names that a V1Translation was asked for and lacked
  std::size_t by_time_alone = 0;          ///< v1 names that were joined by satellite, time, column and row
};

/// Finds the patches of lists among products. v2-form names go by their product, whatever its baseline. v1 names go by
/// satellite, time (10 s either way: v1 and v2 name some scenes up to 8 s apart) and, where the list has them,
/// coordinates, else column and row.
class PatchMatcher {
 public:
  explicit PatchMatcher(std::span<const Product> products);

  /// @throws Error{input} for a name that matches a product but none of its patches, and for a v1 name that matches
  ///   several products (the message lists them).
  ListMatches match(std::span<const PatchList> lists) const;

 private:
  struct Match {
    std::size_t product;
    PatchPosition position;
  };
  std::vector<Match> matches_of(const ListedPatch& patch) const;
  std::vector<Match> matches_by_product(const PatchName& name) const;
  std::vector<Match> matches_by_time(const ListedPatch& patch) const;
  int index_in_grid(const Match& match, const std::string& text) const;
  void check_unambiguous(const ListedPatch& patch, std::span<const Match> matches) const;

  std::span<const Product> products_;
  std::unordered_multimap<std::string, std::size_t> by_name_;
  std::map<Overpass, std::vector<std::size_t>> by_overpass_;
};

/// What the lists of a run say of a patch.
enum class ListRuling : std::uint8_t { none, excluded, train, validation, test };

/// The split that a ruling names, as index into kSplitNames.
std::optional<int> split_of(ListRuling ruling);

/// What the lists of a run name; what was not given is empty.
struct RunLists {
  std::optional<ListMatches> excluded;
  std::optional<ListMatches> included;
  std::optional<std::array<ListMatches, kSplitNames.size()>> splits;
};

/// Rulings by product and PatchGrid index; a product without any is empty. Excluded is what an exclude list names, and
/// what no include list, or no list of a split, names where there are such.
/// @throws Error{input} when a patch, or the ground square of two, is in the lists of two splits.
std::vector<std::vector<ListRuling>> rule_on_patches(std::span<const Product> products, const RunLists& lists);

}  // namespace eoshard::ingest
