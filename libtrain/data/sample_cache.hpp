// Keeps samples in memory: as they are stored, or decoded. Grows by what is asked for, and never shrinks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace eoshard::train {

enum class CacheMode { none, compressed, decoded };

/// `device` is none here: the device keeps samples itself. @throws Error{usage} for a name that is none of the four.
CacheMode parse_cache_mode(std::string_view name);

/// Thread-safe; lookups take no lock.
class SampleCache {
 public:
  using Arrays = std::vector<std::vector<std::byte>>;  ///< of one sample, one an array

  explicit SampleCache(std::int64_t samples);
  ~SampleCache();
  SampleCache(const SampleCache&) = delete;
  SampleCache& operator=(const SampleCache&) = delete;

  /// nullptr when the sample is not there yet.
  const Arrays* find(std::int64_t sample) const;

  /// Keeps `arrays`, or what another thread kept for the same sample meanwhile; valid as long as the cache.
  const Arrays& keep(std::int64_t sample, Arrays arrays);

 private:
  std::vector<std::atomic<const Arrays*>> slots_;
};

}  // namespace eoshard::train
