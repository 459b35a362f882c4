#include "libingest/core/allocation.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace eoshard {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kMappedBytes =
      32 << 20;  // the most that glibc takes; allocations from here on are mapped and unmapped one by one
  constexpr int kTrimBytes = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  mallopt(M_TRIM_THRESHOLD, kTrimBytes);
#endif
}

void ask_for_huge_pages([[maybe_unused]] void* first, [[maybe_unused]] std::size_t bytes) {
#ifdef __linux__
  ::madvise(first, bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace eoshard
