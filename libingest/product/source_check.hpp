// The option --check-source: files of a product against the checksums that its manifest.safe lists.
#pragma once

#include <map>
#include <string>

#include "libingest/core/checksum.hpp"

namespace eoshard::ingest {

/// The checksums that one product's manifest.safe lists. Immutable: any thread may call `check`.
class SourceChecksums {
 public:
  /// Reads `root`/manifest.safe (`Product::root`). @throws Error{input} when it is missing or damaged.
  explicit SourceChecksums(const std::string& root);

  /// Reads the whole of `file` (as a Product names it). @throws Error{input} naming the file, what manifest.safe says
  /// and what was found, or that manifest.safe does not list it.
  void check(const std::string& file) const;

 private:
  struct Expected {
    ChecksumKind kind;
    std::string checksum;  // upper-case hexadecimal
  };

  std::string root_;
  std::map<std::string, Expected> expected_;  // path below the root → checksum
};

}  // namespace eoshard::ingest
