#include "libtrain/data/sample_cache.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard::train {

CacheMode parse_cache_mode(std::string_view name) {
  if (name == "none" || name == "device") return CacheMode::none;
  if (name == "compressed") return CacheMode::compressed;
  if (name == "decoded") return CacheMode::decoded;
  throw Error(ErrorKind::usage, fmt::format("--cache: '{}' is none of none, compressed, decoded, device", name));
}

SampleCache::SampleCache(std::int64_t samples) : slots_(static_cast<std::size_t>(samples)) {}

SampleCache::~SampleCache() {
  for (const auto& slot : slots_) delete slot.load();
}

const SampleCache::Arrays* SampleCache::find(std::int64_t sample) const {
  return slots_[static_cast<std::size_t>(sample)].load(std::memory_order_acquire);
}

const SampleCache::Arrays& SampleCache::keep(std::int64_t sample, Arrays arrays) {
  auto mine = std::make_unique<const Arrays>(std::move(arrays));
  const Arrays* there = nullptr;
  if (slots_[static_cast<std::size_t>(sample)].compare_exchange_strong(there, mine.get())) there = mine.release();
  return *there;
}

}  // namespace eoshard::train
