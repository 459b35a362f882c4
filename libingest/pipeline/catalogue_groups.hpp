// The samples of a catalogue in the order of the dataset, cut into groups of a shard's samples.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/pipeline/packing_work.hpp"
#include "libingest/pipeline/sample_rulings.hpp"
#include "libingest/pipeline/work_folder.hpp"

namespace eoshard::ingest {

/// On one rank. Group number g is to become part g: the same for any number of ranks, and when a run goes on.
class CatalogueGroups {
 public:
  /// `entries` all have a split. @throws Error{input} when one is there twice.
  CatalogueGroups(std::vector<ArchiveEntry> entries, SampleRulings& rulings);

  /// Groups of which no part is there. Parts (by their tallies) of other samples, as they are left when the archive
  /// has changed, are removed.
  std::vector<PackGroup> unfinished(const WorkFolder& work, const std::string& tally_name);

 private:
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  bool is_part_of(const Range& range, const std::filesystem::path& tally) const;
  PackGroup group_of(std::size_t number) const;

  std::vector<ArchiveEntry> entries_;  // by split and key
  SampleRulings& rulings_;
  std::vector<Range> ranges_;  // by group
};

}  // namespace eoshard::ingest
