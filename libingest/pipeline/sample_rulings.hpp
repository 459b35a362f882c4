// Which split each sample of an archive goes to, by lists, tables, the archive itself or a draw. On one rank.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libingest/core/nomenclature.hpp"
#include "libingest/pipeline/archive_kinds.hpp"
#include "libingest/pipeline/name_table.hpp"
#include "libingest/pipeline/pack_options.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {

struct SampleRuling {
  int split = kUnlisted;                 ///< kUnlisted: the sample is left out
  std::string reason;                    ///< then why: "excluded", "unlisted" or "bad_member"
  std::string detail;                    ///< of a bad member: what is wrong
  std::optional<std::uint64_t> classes;  ///< where a table says the labels: bit c is class c
  std::vector<std::string> fields;       ///< of a table: one a column of table_columns()
};

/// @throws Error{usage} for options that do not fit the kind of archive.
void check_split_options(const PackOptions& options, const ArchiveKind& kind);

class SampleRulings {
 public:
  /// Reads the lists and tables; `nomenclature` gives the tables' labels their classes.
  /// @throws Error{input} naming file and sample, e.g. for one that is in the lists of two splits, unless such are
  /// skipped.
  SampleRulings(const PackOptions& options, const ArchiveKind& kind, const Nomenclature& nomenclature);

  /// Columns of samples.csv that the tables give.
  std::vector<std::string> table_columns() const;

  /// Remembers that the sample was met. `archive_split`: what the archive says, or kUnlisted.
  SampleRuling rule(const std::string& key, int archive_split);

  /// A line for each list and table: how many of its names no sample had so far.
  std::vector<std::string> not_found() const;

 private:
  struct Listed {
    std::uint64_t classes = 0;
    std::uint32_t lists = 0;  // bit l: it is in list l
    std::int8_t split = kUnlisted;
    std::int8_t other_split = kUnlisted;  // of another list, where damaged samples are skipped
    std::uint8_t country = 0;
    bool has_classes = false;
    bool is_excluded = false;
    bool is_met = false;
  };

  void read_list(const std::string& path, Listed listed);
  void read_table(const std::string& path, const Nomenclature& nomenclature);
  std::uint32_t begin_list(const std::string& path);
  void merge(std::string_view name, Listed& first, const Listed& other) const;
  std::uint8_t number_of_country(const std::string& name);
  int split_of_unlisted(const std::string& key, int archive_split) const;

  const ArchiveKind& kind_;
  SplitRule rule_;
  bool is_random_ = false;
  bool is_drawn_anew_ = false;  // also what the archive says a split for
  bool has_lists_ = false;
  int unlisted_ = kUnlisted;
  bool skips_bad_ = false;
  std::vector<std::string> list_paths_;
  std::vector<std::string> countries_;
  NameTable<Listed> names_;
};

}  // namespace eoshard::ingest
