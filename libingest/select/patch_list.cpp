#include "libingest/select/patch_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "libingest/core/error.hpp"
#include "libingest/select/patch_grid.hpp"

namespace eoshard::ingest {
namespace {

using Row = std::vector<std::string>;

constexpr std::int64_t kSameOverpassS = 10;

[[noreturn]] void refuse(const std::string& source, std::size_t row, const std::string& what) {
  throw Error(ErrorKind::input, fmt::format("{}: row {}: {}", source, row + 1, what));
}

std::optional<std::size_t> find_column(const Row& header, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  }
  return std::nullopt;
}

std::optional<std::size_t> find_name_column(const Row& header) {
  return find_column(header, {"patch_id", "patch", "name", "s2v1_name"});
}

// Where a table keeps what is wanted of it.
struct Columns {
  std::size_t name = 0;
  std::optional<std::size_t> projection, ulx, uly;

  bool has_coordinates() const { return projection && ulx && uly; }
};

Columns read_header(const Row& header) {
  Columns columns;
  columns.name = find_name_column(header).value_or(0);
  columns.projection = find_column(header, {"epsg", "projection"});
  columns.ulx = find_column(header, {"ulx"});
  columns.uly = find_column(header, {"uly"});
  return columns;
}

// "32635", "EPSG:32635", or a WKT: its last authority code is that of the whole.
std::optional<int> parse_epsg(std::string_view text) {
  constexpr std::string_view kPrefix = "EPSG:", kAuthority = "AUTHORITY[\"EPSG\",\"";
  const auto authority = text.rfind(kAuthority);
  if (authority != std::string_view::npos) {
    text = text.substr(authority + kAuthority.size());
    text = text.substr(0, text.find('"'));
  } else if (text.starts_with(kPrefix)) {
    text = text.substr(kPrefix.size());
  }
  int code = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (status != std::errc() || end != text.data() + text.size() || code <= 0) return std::nullopt;
  return code;
}

std::optional<std::int64_t> parse_metres(const std::string& text) {
  double metres = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), metres);
  if (status != std::errc() || end != text.data() + text.size() || !(std::abs(metres) < 1e8)) return std::nullopt;
  return std::llround(metres);
}

std::optional<GroundSquare> read_square(const Row& row, const Columns& columns, const std::string& source,
                                        std::size_t index) {
  if (!columns.has_coordinates()) return std::nullopt;
  const auto last = std::max({*columns.projection, *columns.ulx, *columns.uly});
  if (row.size() <= last) refuse(source, index, "the coordinates are missing");
  const auto epsg = parse_epsg(row[*columns.projection]);
  const auto ulx = parse_metres(row[*columns.ulx]), uly = parse_metres(row[*columns.uly]);
  if (!epsg || !ulx || !uly) {
    refuse(source, index,
           fmt::format("'{}', '{}', '{}' are no projection, ulx and uly", row[*columns.projection], row[*columns.ulx],
                       row[*columns.uly]));
  }
  return GroundSquare{*epsg, *ulx, *uly};
}

std::string without_blanks(const std::string& text) {
  constexpr std::string_view kBlanks = " \t";
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

ListedPatch read_row(const Row& row, const Columns& columns, const std::string& source, std::size_t index) {
  const std::string text = columns.name < row.size() ? without_blanks(row[columns.name]) : "";
  auto name = parse_patch_name(text);
  if (!name) {
    refuse(source, index,
           fmt::format("'{}' is no patch id; expected S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57 or "
                       "BigEarthNet v1's S2A_MSIL2A_20170613T101031_26_57",
                       text));
  }
  return {std::move(*name), read_square(row, columns, source, index), text};
}

// A line of other words is no header: it is more likely an id with a slip.
bool is_header(const Row& row) {
  const Columns columns = read_header(row);
  return find_name_column(row) || columns.projection || columns.ulx || columns.uly;
}

// Blank lines, and comments as in lists of products.
bool is_no_entry(const Row& row) {
  const std::string first = row.empty() ? "" : without_blanks(row.front());
  return first.starts_with('#') || (row.size() <= 1 && first.empty());
}

// What V1Translation::apply leaves of a v1 name that no table holds.
bool is_untranslated(const PatchName& name) { return !name.has_product() && name.overpass.mission.empty(); }

bool is_v1(const PatchName& name) { return !name.has_product() && !name.overpass.mission.empty(); }

std::string join_names(std::span<const std::string> names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : " and ") + name;
  return joined;
}

}  // namespace

PatchList parse_patch_list(std::span<const Row> rows, std::string source) {
  PatchList list{std::move(source), {}};
  const auto first = std::ranges::find_if_not(rows, is_no_entry);
  const bool has_header = first != rows.end() && is_header(*first);
  const Columns columns = has_header ? read_header(*first) : Columns{};
  for (std::size_t index = static_cast<std::size_t>(first - rows.begin()) + has_header; index < rows.size(); ++index) {
    if (is_no_entry(rows[index])) continue;
    list.patches.push_back(read_row(rows[index], columns, list.source, index));
  }
  return list;
}

// --- BigEarthNet v1 names

V1Translation::V1Translation(std::span<const PatchList> lists) {
  for (const PatchList& list : lists) {
    for (const ListedPatch& patch : list.patches) {
      if (is_v1(patch.name)) names_.try_emplace(patch.name);
    }
  }
}

void V1Translation::add(const std::string& patch_id, const std::string& s2v1_name) {
  const auto v1 = parse_patch_name(s2v1_name), v2 = parse_patch_name(patch_id);
  if (!v1 || !is_v1(*v1) || !v2 || !v2->has_product()) {
    throw Error(ErrorKind::input,
                fmt::format("'{}' with s2v1_name '{}' is no pair of a v2 and a v1 patch id", patch_id, s2v1_name));
  }
  const auto wanted = names_.find(*v1);
  if (wanted != names_.end()) wanted->second = *v2;
}

void V1Translation::apply(PatchList& list) const {
  for (ListedPatch& patch : list.patches) {
    if (is_v1(patch.name)) patch.name = names_.at(patch.name);
  }
}

// --- matching

PatchMatcher::PatchMatcher(std::span<const Product> products) : products_(products) {
  for (std::size_t index = 0; index < products.size(); ++index) {
    by_name_.emplace(product_part(products[index].id_stem), index);
    by_overpass_[overpass_of(products[index])].push_back(index);
  }
}

std::vector<PatchMatcher::Match> PatchMatcher::matches_by_product(const PatchName& name) const {
  std::vector<Match> matches;
  const auto [begin, end] = by_name_.equal_range(name.product);
  for (auto entry = begin; entry != end; ++entry) matches.push_back({entry->second, name.position});
  return matches;
}

std::vector<PatchMatcher::Match> PatchMatcher::matches_by_time(const ListedPatch& patch) const {
  const Overpass& listed = patch.name.overpass;
  std::vector<Match> matches;
  const auto end = by_overpass_.upper_bound({listed.mission, listed.sensed_utc + kSameOverpassS});
  for (auto entry = by_overpass_.lower_bound({listed.mission, listed.sensed_utc - kSameOverpassS}); entry != end;
       ++entry) {
    for (const std::size_t product : entry->second) {
      const auto position =
          patch.square ? position_of(products_[product].geometry, *patch.square) : std::optional(patch.name.position);
      if (position) matches.push_back({product, *position});
    }
  }
  return matches;
}

std::vector<PatchMatcher::Match> PatchMatcher::matches_of(const ListedPatch& patch) const {
  if (patch.name.has_product()) return matches_by_product(patch.name);
  return is_v1(patch.name) ? matches_by_time(patch) : std::vector<Match>{};
}

void PatchMatcher::check_unambiguous(const ListedPatch& patch, std::span<const Match> matches) const {
  if (patch.name.has_product() || matches.size() < 2) return;
  std::vector<std::string> ids;
  for (const Match& match : matches) ids.push_back(patch_id(products_[match.product].id_stem, match.position));
  throw Error(ErrorKind::input,
              fmt::format("{} matches {}: name BigEarthNet v2's table (--v2-metadata), or give the list columns "
                          "projection, ulx and uly",
                          patch.text, join_names(ids)));
}

int PatchMatcher::index_in_grid(const Match& match, const std::string& text) const {
  const Product& product = products_[match.product];
  const PatchGrid grid = make_patch_grid(product.geometry);
  const auto [column, row] = match.position;
  if (column < grid.columns && row < grid.rows) return grid.index_of(match.position);
  throw Error(ErrorKind::input, fmt::format("{} is no patch of {}, which has {} columns and {} rows", text,
                                            product.id_stem, grid.columns, grid.rows));
}

ListMatches PatchMatcher::match(std::span<const PatchList> lists) const {
  ListMatches result;
  result.patches.resize(products_.size());
  for (const PatchList& list : lists) {
    with_context(list.source, [&] {
      for (const ListedPatch& patch : list.patches) {
        const std::vector<Match> matches = matches_of(patch);
        check_unambiguous(patch, matches);
        for (const Match& match : matches) {
          result.patches[match.product].push_back(index_in_grid(match, patch.text));
        }
        ++result.names;
        result.unmatched += matches.empty();
        result.untranslated += is_untranslated(patch.name);
        result.by_time_alone += !matches.empty() && is_v1(patch.name) && !patch.square;
      }
    });
  }
  for (std::vector<int>& patches : result.patches) {
    std::sort(patches.begin(), patches.end());
    patches.erase(std::unique(patches.begin(), patches.end()), patches.end());
  }
  return result;
}

// --- rulings

namespace {

using Rulings = std::vector<std::vector<ListRuling>>;

ListRuling ruling_of_split(std::size_t split) {
  return static_cast<ListRuling>(static_cast<std::size_t>(ListRuling::train) + split);
}

std::string_view name_of_split(ListRuling ruling) { return kSplitNames[static_cast<std::size_t>(*split_of(ruling))]; }

// Assigns listed patches to their splits; what no list names is excluded.
class SplitAssignment {
 public:
  SplitAssignment(std::span<const Product> products, Rulings& rulings) : products_(products), rulings_(rulings) {
    for (auto& patches : rulings_) std::fill(patches.begin(), patches.end(), ListRuling::excluded);
  }

  void assign(std::size_t product, int patch, ListRuling split) {
    const Product& source = products_[product];
    const PatchPosition position = make_patch_grid(source.geometry).position_of(patch);
    const Claim claim{split, product, position};
    const auto [first, is_new] = claims_.try_emplace(ground_square(source.geometry, position), claim);
    if (!is_new && first->second.split != split) refuse(first->second, claim);
    rulings_[product][static_cast<std::size_t>(patch)] = split;
  }

 private:
  struct Claim {
    ListRuling split;
    std::size_t product;
    PatchPosition position;
  };

  std::string describe(const Claim& claim) const {
    return fmt::format("{} ({})", patch_id(products_[claim.product].id_stem, claim.position),
                       name_of_split(claim.split));
  }

  [[noreturn]] void refuse(const Claim& first, const Claim& second) const {
    throw Error(ErrorKind::input, fmt::format("the lists of --split put one ground square into two splits: {} and {}",
                                              describe(first), describe(second)));
  }

  std::span<const Product> products_;
  Rulings& rulings_;
  std::map<GroundSquare, Claim> claims_;
};

Rulings make_rulings(std::span<const Product> products, ListRuling ruling) {
  Rulings rulings;
  for (const Product& product : products) {
    rulings.emplace_back(static_cast<std::size_t>(make_patch_grid(product.geometry).count()), ruling);
  }
  return rulings;
}

void exclude(const ListMatches& matches, Rulings& rulings) {
  for (std::size_t product = 0; product < rulings.size(); ++product) {
    for (const int patch : matches.patches[product]) {
      rulings[product][static_cast<std::size_t>(patch)] = ListRuling::excluded;
    }
  }
}

void exclude_others(const ListMatches& matches, Rulings& rulings) {
  for (std::size_t product = 0; product < rulings.size(); ++product) {
    const std::vector<int>& listed = matches.patches[product];
    for (std::size_t patch = 0; patch < rulings[product].size(); ++patch) {
      const bool is_listed = std::binary_search(listed.begin(), listed.end(), static_cast<int>(patch));
      if (!is_listed) rulings[product][patch] = ListRuling::excluded;
    }
  }
}

}  // namespace

std::optional<int> split_of(ListRuling ruling) {
  if (ruling < ListRuling::train) return std::nullopt;
  return static_cast<int>(ruling) - static_cast<int>(ListRuling::train);
}

std::vector<std::vector<ListRuling>> rule_on_patches(std::span<const Product> products, const RunLists& lists) {
  Rulings rulings = make_rulings(products, ListRuling::none);
  if (lists.splits) {
    SplitAssignment assignment(products, rulings);
    for (std::size_t split = 0; split < lists.splits->size(); ++split) {
      for (std::size_t product = 0; product < products.size(); ++product) {
        for (const int patch : (*lists.splits)[split].patches[product]) {
          assignment.assign(product, patch, ruling_of_split(split));
        }
      }
    }
  }
  if (lists.excluded) exclude(*lists.excluded, rulings);
  if (lists.included) exclude_others(*lists.included, rulings);
  return rulings;
}

}  // namespace eoshard::ingest
