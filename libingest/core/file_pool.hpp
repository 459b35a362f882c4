// Files that are read again and again: kept open as long as the process may have so many, opened anew after that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "libingest/core/file.hpp"

namespace eoshard {

/// Thread-safe. Of the files that nobody reads at the moment at most `most` stay open: those used last.
class FilePool {
 public:
  explicit FilePool(std::size_t most);

  /// The process's own, which takes half of the descriptors that it may have: see raise_file_limit().
  static FilePool& shared();

 private:
  friend class PooledFile;
  struct Entry {
    std::uint64_t number;
    std::shared_ptr<const FileDescriptor> file;
  };

  std::uint64_t take_number();
  std::shared_ptr<const FileDescriptor> open(std::uint64_t number, const std::filesystem::path& path);
  void forget(std::uint64_t number);

  std::size_t most_;
  std::mutex mutex_;
  std::uint64_t next_number_ = 0;
  std::list<Entry> entries_;  // the one used last first
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> places_;
};

/// A file of a pool. Another one of the same path is another file: what replaces a file is not mixed up with it.
class PooledFile {
 public:
  PooledFile(FilePool& pool, std::filesystem::path path);
  ~PooledFile();
  PooledFile(const PooledFile&) = delete;
  PooledFile& operator=(const PooledFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Opened unless it is open already; it stays open as long as the result lives. @throws Error{io}
  std::shared_ptr<const FileDescriptor> open() const { return pool_.open(number_, path_); }

 private:
  FilePool& pool_;
  std::uint64_t number_;
  std::filesystem::path path_;
};

/// Lets this process have as many open files as its hard limit (ulimit -Hn) allows; many systems begin with 1,024.
void raise_file_limit();

}  // namespace eoshard
