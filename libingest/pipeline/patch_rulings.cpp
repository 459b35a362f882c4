#include "libingest/pipeline/patch_rulings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libingest/core/error.hpp"
#include "libingest/select/patch_grid.hpp"
#include "libingest/select/split_rule.hpp"
#include "libingest/table/compressed_text.hpp"
#include "libingest/table/csv_reader.hpp"
#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {

PatchList read_patch_list(const std::string& path) {
  const std::string text = read_compressed_text(path);
  if (text.find_first_not_of("\r\n") == std::string::npos) return {path, {}};
  CsvReader table(text, path);
  std::vector<std::vector<std::string>> rows = {table.columns()};
  std::vector<std::string> row;
  while (table.next(row)) rows.push_back(row);
  return parse_patch_list(rows, path);
}

void translate_v1_names(std::span<const std::string> tables, std::vector<PatchList>& lists) {
  V1Translation translation(lists);
  if (tables.empty() || !translation.is_needed()) return;
  const std::array<std::string, 2> columns = {"patch_id", "s2v1_name"};
  for (const std::string& table : tables) {
    with_context(table, [&] {
      read_parquet(table, columns, [&](const ParquetBatch& batch) {
        const auto &ids = batch.texts("patch_id"), &v1_names = batch.texts("s2v1_name");
        for (std::size_t row = 0; row < batch.rows(); ++row) translation.add(ids[row], v1_names[row]);
      });
    });
  }
  for (PatchList& list : lists) translation.apply(list);
}

namespace {

using Rulings = std::vector<std::vector<ListRuling>>;

// All lists of a run, one kind behind the other.
struct AllLists {
  std::vector<PatchList> lists;
  std::size_t excluding = 0;
  std::size_t including = 0;

  std::span<const PatchList> excluded() const { return std::span(lists).first(excluding); }
  std::span<const PatchList> included() const { return std::span(lists).subspan(excluding, including); }
  std::span<const PatchList> of_split(std::size_t split) const {
    return std::span(lists).subspan(excluding + including + split, 1);
  }
};

AllLists read_lists(const IngestOptions& options, const SplitRule& rule) {
  AllLists all;
  for (const std::string& path : options.exclude_lists) all.lists.push_back(read_patch_list(path));
  for (const std::string& path : options.include_lists) all.lists.push_back(read_patch_list(path));
  all.excluding = options.exclude_lists.size();
  all.including = options.include_lists.size();
  if (rule.kind == SplitRule::Kind::lists) {
    for (const std::string& path : rule.lists) all.lists.push_back(path.empty() ? PatchList{} : read_patch_list(path));
  }
  return all;
}

// Matches lists of one kind, and says what came of them.
class ReportedMatcher {
 public:
  ReportedMatcher(std::span<const Product> products, const Log& log) : matcher_(products), log_(log) {}

  ListMatches match(std::span<const PatchList> lists, std::string_view option) const {
    ListMatches matches = matcher_.match(lists);
    const std::size_t elsewhere = matches.unmatched - matches.untranslated;
    if (elsewhere > 0) {
      log_.info(fmt::format("{}: {} of {} names match no product of this run", option, elsewhere, matches.names));
    }
    if (matches.untranslated > 0) {
      log_.warning(fmt::format(
          "{}: {} of {} names in BigEarthNet v1's form are in no table of --v2-metadata, so they match nothing; v2 has "
          "two tables, with and without snow and clouds; of patches that are in neither, give the list columns "
          "projection, ulx and uly",
          option, matches.untranslated, matches.names));
    }
    if (matches.by_time_alone > 0) {
      log_.warning(fmt::format(
          "{}: {} names in BigEarthNet v1's form were joined by satellite and time alone, which neighbouring tiles "
          "share; name v2's table (--v2-metadata), or give the list columns projection, ulx and uly",
          option, matches.by_time_alone));
    }
    return matches;
  }

 private:
  PatchMatcher matcher_;
  const Log& log_;
};

RunLists match_lists(const AllLists& all, const SplitRule& rule, const ReportedMatcher& matcher) {
  RunLists matched;
  if (all.excluding > 0) matched.excluded = matcher.match(all.excluded(), "--exclude-list");
  if (all.including > 0) matched.included = matcher.match(all.included(), "--include-list");
  if (rule.kind == SplitRule::Kind::lists) {
    matched.splits.emplace();
    for (std::size_t split = 0; split < kSplitNames.size(); ++split) {
      (*matched.splits)[split] =
          matcher.match(all.of_split(split), fmt::format("--split lists, {}", kSplitNames[split]));
    }
  }
  return matched;
}

void check_no_square_is_in_two_splits(std::span<const Product> products, const SplitRule& rule) {
  const auto conflict = find_split_conflict(products, rule);
  if (!conflict) return;
  const GroundSquare& square = conflict->square;
  throw Error(
      ErrorKind::input,
      fmt::format("{} and {} share the ground square at EPSG:{} {} {}, but the rule of --split would put it into "
                  "two splits; use random or blocks",
                  products[conflict->first].id_stem, products[conflict->second].id_stem, square.epsg, square.ulx_m,
                  square.uly_m));
}

std::size_t patch_count(const Product& product) {
  return static_cast<std::size_t>(make_patch_grid(product.geometry).count());
}

// The root's rulings on every rank, as one text of a byte a patch.
Rulings broadcast(const Rulings& rulings, std::span<const Product> products, const Communicator& world) {
  std::string bytes;
  for (const auto& of_product : rulings) {
    for (const ListRuling ruling : of_product) bytes += static_cast<char>(ruling);
  }
  bytes = world.broadcast(std::move(bytes));
  Rulings received;
  std::size_t begin = 0;
  for (const Product& product : products) {
    std::vector<ListRuling> of_product(patch_count(product));
    for (ListRuling& ruling : of_product) ruling = static_cast<ListRuling>(bytes[begin++]);
    received.push_back(std::move(of_product));
  }
  return received;
}

}  // namespace

std::vector<std::vector<ListRuling>> read_rulings(const IngestOptions& options, std::span<const Product> products,
                                                  const Communicator& world, const Log& log) {
  const SplitRule rule = parse_split_rule(options.split, options.seed);
  const bool has_lists =
      !options.exclude_lists.empty() || !options.include_lists.empty() || rule.kind == SplitRule::Kind::lists;
  Rulings rulings;
  world.agree([&] {
    if (!world.is_root()) return;
    check_no_square_is_in_two_splits(products, rule);
    if (!has_lists) return;
    AllLists all = read_lists(options, rule);
    translate_v1_names(options.v2_metadata, all.lists);
    rulings = rule_on_patches(products, match_lists(all, rule, ReportedMatcher(products, log)));
  });
  if (!has_lists) return Rulings(products.size());
  return broadcast(rulings, products, world);
}

}  // namespace eoshard::ingest
