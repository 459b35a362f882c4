#include "libingest/pipeline/sample_rulings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/name_hash.hpp"
#include "libingest/label/label_classes.hpp"
#include "libingest/table/compressed_text.hpp"
#include "libingest/table/csv_reader.hpp"
#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kMaxLists = 32;
constexpr const char* kDrop = "drop";

int split_of_name(std::string_view name) {
  const auto found = std::find(kSplitNames.begin(), kSplitNames.end(), name);
  return found == kSplitNames.end() ? kUnlisted : static_cast<int>(found - kSplitNames.begin());
}

bool is_random(const PackOptions& options, const ArchiveKind& kind) {
  return options.split.empty() ? kind.split_habit == SplitHabit::random : options.split.starts_with("random:");
}

// Patches of BigEarthNet show the same ground on several dates.
bool may_draw(const ArchiveKind& kind) {
  return kind.split_habit != SplitHabit::lists && kind.split_habit != SplitHabit::table;
}

// Of the rules for products two serve for archives. @throws Error{usage} for the others.
SplitRule rule_of(const PackOptions& options, const ArchiveKind& kind) {
  using Kind = SplitRule::Kind;
  constexpr const char* kUsual = "random:70/15/15";
  std::optional<SplitRule> rule;
  try {
    rule = parse_split_rule(options.split.empty() ? kUsual : options.split, options.seed);
  } catch (const Error&) {  // it speaks of the rules for products
  }
  if (rule && (rule->kind == Kind::lists || rule->kind == Kind::random)) return *rule;
  throw Error(
      ErrorKind::usage,
      fmt::format("--split '{}': {} is split by {}lists:TRAIN,VALIDATION,TEST (files, of which two may be left "
                  "out: lists:TRAIN,,)",
                  options.split, kind.name, may_draw(kind) ? "random:70/15/15 (shares that add up to 100) or " : ""));
}

int draw_split(const SplitRule& rule, const std::string& key) {
  const double drawn = 100 * random_unit(rule.seed, 0, name_hash(key));
  if (drawn < rule.percent[0]) return 0;
  return drawn < rule.percent[0] + rule.percent[1] ? 1 : 2;
}

bool is_parquet(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == "PAR1";
}

// The column that holds names, where the first row is a header.
std::optional<std::size_t> find_name_column(const std::vector<std::string>& row) {
  constexpr std::array<std::string_view, 8> kHeaders = {"patch_id", "patch",    "name", "key",
                                                        "image",    "filename", "file", "path"};
  const auto found = std::find_first_of(row.begin(), row.end(), kHeaders.begin(), kHeaders.end());
  if (found == row.end()) return std::nullopt;
  return static_cast<std::size_t>(found - row.begin());
}

std::string two_splits_text(std::string_view name, int one, int other) {
  return fmt::format("{} is in the lists of two splits: {} and {}", name, kSplitNames[static_cast<std::size_t>(one)],
                     kSplitNames[static_cast<std::size_t>(other)]);
}

// Calls `visit(name, row number)` for every name in a text table, compressed or not.
template <class Visit>
void for_each_name(const std::string& path, const Visit& visit) {
  const std::string text = read_compressed_text(path);
  if (text.find_first_not_of("\r\n") == std::string::npos) return;
  CsvReader table(text, path);
  const auto header = find_name_column(table.columns());
  const std::size_t column = header.value_or(0);
  if (!header) visit(table.columns()[column], table.row());
  std::vector<std::string> row;
  while (table.next(row)) visit(row[column], table.row());
}

}  // namespace

void check_split_options(const PackOptions& options, const ArchiveKind& kind) {
  const auto require = [](bool is_fine, const std::string& message) {
    if (!is_fine) throw Error(ErrorKind::usage, message);
  };
  const bool has_table = kind.split_habit == SplitHabit::table;
  require(!has_table || !options.metadata.empty(), kind.name + " needs --metadata: metadata.parquet");
  require(options.unlisted == kDrop || split_of_name(options.unlisted) != kUnlisted,
          fmt::format("--unlisted '{}': name drop, train, validation or test", options.unlisted));
  const SplitRule rule = rule_of(options, kind);
  const bool has_lists = rule.kind == SplitRule::Kind::lists;
  if (may_draw(kind)) return;
  require(!is_random(options, kind), fmt::format("--split random: patches of {} show the same ground on several dates, "
                                                 "which a draw would put into several splits; name lists",
                                                 kind.name));
  require(has_table || has_lists || options.unlisted != kDrop,
          "no patch has a split: name the lists by --split lists:TRAIN,VALIDATION,TEST, or --unlisted train");
}

SampleRulings::SampleRulings(const PackOptions& options, const ArchiveKind& kind, const Nomenclature& nomenclature)
    : kind_(kind),
      rule_(rule_of(options, kind)),
      is_random_(is_random(options, kind)),
      is_drawn_anew_(is_random_ && !options.split.empty()),
      unlisted_(split_of_name(options.unlisted)),
      skips_bad_(options.skip_bad) {
  has_lists_ = rule_.kind == SplitRule::Kind::lists || kind.split_habit == SplitHabit::table;
  for (const std::string& path : options.metadata) read_table(path, nomenclature);
  for (std::size_t split = 0; split < rule_.lists.size(); ++split) {
    Listed listed;
    listed.split = static_cast<std::int8_t>(split);
    if (!rule_.lists[split].empty()) read_list(rule_.lists[split], listed);
  }
  for (const std::string& path : options.exclude_lists) {
    Listed listed;
    listed.is_excluded = true;
    read_list(path, listed);
  }
  names_.finish([&](std::string_view name, Listed& first, const Listed& other) { merge(name, first, other); });
}

std::uint32_t SampleRulings::begin_list(const std::string& path) {
  if (list_paths_.size() == kMaxLists) throw Error(ErrorKind::usage, fmt::format("more than {} lists", kMaxLists));
  list_paths_.push_back(path);
  return std::uint32_t{1} << (list_paths_.size() - 1);
}

void SampleRulings::read_list(const std::string& path, Listed listed) {
  listed.lists = begin_list(path);
  const auto add = [&](const std::string& name, std::uint64_t row) {
    const std::string key = kind_.key_of_name(name);
    if (key.empty())
      throw Error(ErrorKind::input, fmt::format("{}: row {}: '{}' names no sample of {}", path, row, name, kind_.name));
    names_.add(key, listed);
  };
  if (!is_parquet(path)) return for_each_name(path, add);
  const std::array<std::string, 1> columns = {"patch_id"};
  std::uint64_t row = 0;
  read_parquet(path, columns, [&](const ParquetBatch& batch) {
    for (const std::string& name : batch.texts("patch_id")) add(name, ++row);
  });
}

void SampleRulings::read_table(const std::string& path, const Nomenclature& nomenclature) {
  Listed listed;
  listed.lists = begin_list(path);
  listed.has_classes = true;
  LabelClasses classes(nomenclature);
  const std::array<std::string, 4> columns = {"patch_id", "labels", "split", "country"};
  read_parquet(path, columns, [&](const ParquetBatch& batch) {
    const ParquetTexts &ids = batch.texts("patch_id"), &splits = batch.texts("split"),
                       &countries = batch.texts("country");
    const ParquetTextLists& labels = batch.text_lists("labels");
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      try {
        listed.split = static_cast<std::int8_t>(split_of_name(splits[row]));
        if (listed.split == kUnlisted) throw Error(ErrorKind::input, fmt::format("'{}' is no split", splits[row]));
        listed.classes = classes.mask_of(labels[row]);
        listed.country = number_of_country(countries[row]);
        names_.add(ids[row], listed);
      } catch (Error& error) {
        error.add_context(fmt::format("{}: {}", path, ids[row]));
        throw;
      }
    }
  });
}

std::uint8_t SampleRulings::number_of_country(const std::string& name) {
  const auto found = std::find(countries_.begin(), countries_.end(), name);
  if (found != countries_.end()) return static_cast<std::uint8_t>(found - countries_.begin());
  if (countries_.size() == 255) throw Error(ErrorKind::input, "more than 255 countries");
  countries_.push_back(name);
  return static_cast<std::uint8_t>(countries_.size() - 1);
}

void SampleRulings::merge(std::string_view name, Listed& first, const Listed& other) const {
  if (first.split != kUnlisted && other.split != kUnlisted && first.split != other.split) {
    if (!skips_bad_) throw Error(ErrorKind::input, two_splits_text(name, first.split, other.split));
    first.other_split = other.split;
  }
  first.lists |= other.lists;
  first.is_excluded = first.is_excluded || other.is_excluded;
  if (first.split == kUnlisted) first.split = other.split;
}

std::vector<std::string> SampleRulings::table_columns() const {
  return kind_.split_habit == SplitHabit::table ? std::vector<std::string>{"country"} : std::vector<std::string>{};
}

SampleRuling SampleRulings::rule(const std::string& key, int archive_split) {
  SampleRuling ruling;
  ruling.fields.resize(table_columns().size());
  Listed* const listed = names_.find(key);
  if (listed != nullptr) {
    listed->is_met = true;
    ruling.split = listed->split;  // NOLINT(bugprone-signed-char-misuse): a small number, no character
    if (listed->has_classes) {
      ruling.classes = listed->classes;
      ruling.fields = {countries_[listed->country]};
    }
  }
  if (listed != nullptr && listed->is_excluded) {
    ruling.split = kUnlisted;
    ruling.reason = "excluded";
  } else if (listed != nullptr && listed->other_split != kUnlisted) {
    ruling.detail = two_splits_text(key, listed->split, listed->other_split);
    ruling.split = kUnlisted;
    ruling.reason = "bad_member";
  } else if (ruling.split == kUnlisted) {
    ruling.split = split_of_unlisted(key, archive_split);
    if (ruling.split == kUnlisted) ruling.reason = "unlisted";
  }
  return ruling;
}

int SampleRulings::split_of_unlisted(const std::string& key, int archive_split) const {
  if (has_lists_) return unlisted_;
  if (archive_split != kUnlisted && !is_drawn_anew_) return archive_split;
  return is_random_ ? draw_split(rule_, key) : unlisted_;
}

std::vector<std::string> SampleRulings::not_found() const {
  std::vector<std::uint64_t> names(list_paths_.size()), missing(list_paths_.size());
  names_.for_each([&](std::string_view, const Listed& listed) {
    for (std::size_t list = 0; list < list_paths_.size(); ++list) {
      if ((listed.lists >> list & 1) == 0) continue;
      ++names[list];
      missing[list] += !listed.is_met;
    }
  });
  std::vector<std::string> lines;
  for (std::size_t list = 0; list < list_paths_.size(); ++list) {
    lines.push_back(
        fmt::format("{}: {} of {} names are not in the archive", list_paths_[list], missing[list], names[list]));
  }
  return lines;
}

}  // namespace eoshard::ingest
