// Labels of patches that a table knows by their names or by where they lie.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace eoshard::ingest {

/// Classes by place. A place is a product with the column and row of a patch in it, or a projection with the upper-left
/// corner in metres. 24 bytes a patch.
class LabelTable {
 public:
  struct Entry {
    std::int64_t x = 0;         ///< column, or easting
    std::int64_t y = 0;         ///< row, or northing
    std::uint64_t classes = 0;  ///< bit c: class c is present
  };

  void add(const std::string& place, const Entry& entry) { entries_[place].push_back(entry); }

  /// Takes the entries of another table, as `bytes()` wrote them.
  void add_bytes(const std::string& bytes);

  /// Makes the table ready for `find`. Equal entries for one patch count once. @throws Error{input} when two differ.
  void finish();

  std::optional<std::uint64_t> find(const std::string& place, std::int64_t x, std::int64_t y) const;

  std::size_t size() const;

  /// For another rank of the same machine type.
  std::string bytes() const;

 private:
  std::map<std::string, std::vector<Entry>> entries_;  // sorted by (y, x) when finished
};

/// The place of patches that go by coordinates.
std::string place_of_projection(int epsg);

}  // namespace eoshard::ingest
