// The kinds of published archives that can be packed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/pipeline/pack_options.hpp"

namespace eoshard::ingest {

/// How samples get their split when nothing is asked for.
enum class SplitHabit {
  lists,    ///< by --split lists:...; what no list names goes where --unlisted says
  table,    ///< by the tables of --metadata, which say the labels too; the rest as with lists
  archive,  ///< by the archive itself
  random,   ///< by a draw for each sample
};

struct ArchiveKind {
  std::string name;         ///< "bigearthnet-v1"
  std::string description;  ///< one line for --list-kinds
  SplitHabit split_habit = SplitHabit::lists;
  std::function<Archive(const PackOptions&)> open;
  std::function<std::string(std::string_view)> key_of_name;  ///< the sample that a line of a list names; "": none
};

const std::vector<ArchiveKind>& archive_kinds();

/// @throws Error{usage} for options that another kind has and this one has not.
void check_kind_options(const PackOptions& options, const ArchiveKind& kind);

/// @throws Error{usage} naming the kinds that there are.
const ArchiveKind& find_archive_kind(std::string_view name);

}  // namespace eoshard::ingest
