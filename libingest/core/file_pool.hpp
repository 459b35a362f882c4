// Files that are read again and again: kept open as long as the process may have so many, opened anew after that.
#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libingest/core/file.hpp"

namespace eoshard {

/// Thread-safe. Of the files that nobody reads at the moment at most `most` stay open: those used last.
class FilePool {
 public:
  explicit FilePool(std::size_t most);

  /// The process's own, which takes half of the descriptors that it may have: see raise_file_limit().
  static FilePool& shared();

  /// The file, opened unless it is open already; it stays open as long as the result lives. @throws Error{io}
  std::shared_ptr<const FileDescriptor> open(const std::filesystem::path& path);

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<const FileDescriptor> file;
  };

  std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> entries_;                                                 // the one used last first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> places_;  // keys lie in the entries
};

/// Lets this process have as many open files as its hard limit (ulimit -Hn) allows; many systems begin with 1,024.
void raise_file_limit();

}  // namespace eoshard
