// Compressed members of zip archives, inflated once for all threads that read them. OpenJPEG finds a tile by hopping
// from tile to tile from the file's beginning; with GDAL's /vsizip/ alone every hop of every thread inflates anew.
#pragma once

#include <cpl_vsi.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "libingest/gdal/vsi_file.hpp"

namespace eoshard::ingest {

/// A file whose bytes are cheap to read forward only. What was read stays in a cache of a quarter of the file (at least
/// 4 MB), the least recently used pages leave first: the tiles in work, and the tile headers, which every hop touches.
class InflatedFile {
 public:
  /// @throws Error{input} when `path` cannot be opened.
  explicit InflatedFile(std::string path);

  std::uint64_t size() const { return size_; }

  /// Fills `out` from `offset`; returns the bytes that there were. Any thread may call it.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out);

 private:
  struct Page {
    std::uint64_t number;
    std::vector<std::byte> bytes;
  };
  using Pages = std::list<Page>;  // most recently used first

  const Page& page(std::uint64_t number);
  const Page& add_page(std::uint64_t number, VSILFILE* from);
  const Page& read_behind(std::uint64_t number);

  std::string path_;
  VsiFile forward_;   // stands at page `next_`
  VsiFile backward_;  // for pages that have left the cache
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 0;
  std::size_t capacity_pages_ = 0;
  std::mutex mutex_;
  Pages pages_;
  std::unordered_map<std::uint64_t, Pages::iterator> page_of_;
};

/// Adds GDAL's virtual file system for them. Once a process.
void install_shared_inflation();

/// `path` as the shared file system knows it when it is a zip archive's member, else `path` itself.
std::string with_shared_inflation(const std::string& path);

}  // namespace eoshard::ingest
