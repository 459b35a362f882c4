#include "libingest/core/file_pool.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace eoshard {
namespace {

constexpr std::size_t kMostShared = std::size_t{1} << 16;

std::size_t half_of_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  return std::clamp<std::size_t>(limit.rlim_cur / 2, 1, kMostShared);
}

}  // namespace

FilePool::FilePool(std::size_t most) : most_(most) {}

FilePool& FilePool::shared() {
  static FilePool pool(half_of_limit());
  return pool;
}

std::uint64_t FilePool::take_number() {
  const std::lock_guard lock(mutex_);
  return next_number_++;
}

std::shared_ptr<const FileDescriptor> FilePool::open(std::uint64_t number, const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  if (const auto found = places_.find(number); found != places_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().file;
  }
  while (entries_.size() >= most_) {
    places_.erase(entries_.back().number);
    entries_.pop_back();
  }
  entries_.push_front({number, std::make_shared<const FileDescriptor>(open_for_reading(path))});
  places_.emplace(number, entries_.begin());
  return entries_.front().file;
}

void FilePool::forget(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(number);
  if (found == places_.end()) return;
  entries_.erase(found->second);
  places_.erase(found);
}

PooledFile::PooledFile(FilePool& pool, std::filesystem::path path)
    : pool_(pool), number_(pool.take_number()), path_(std::move(path)) {}

PooledFile::~PooledFile() { pool_.forget(number_); }

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // where it fails the pool makes do with fewer
}

}  // namespace eoshard
