// How the process's memory is taken from the kernel, and given back.
#pragma once

#include <cstddef>

namespace eoshard {

/// Freed memory stays with the process for the next allocation. Who takes and frees the same megabytes again and
/// again, a decoder for every tile, a training step for its activations, would otherwise have each page of them mapped
/// and cleared by the kernel anew. Once, early; glibc alone.
void keep_freed_memory();

/// Memory that is aligned to it can lie in huge pages.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

/// Asks the kernel for huge pages in `bytes` bytes from `first`, before they are touched: a fault each 2 MiB instead of
/// each 4 kB, and fewer misses of the address cache. Where there are none nothing changes.
void ask_for_huge_pages(void* first, std::size_t bytes);

}  // namespace eoshard
