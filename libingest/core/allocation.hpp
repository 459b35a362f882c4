// How the process's heap treats freed memory.
#pragma once

namespace eoshard {

/// Freed memory stays with the process for the next allocation. A decoder that takes and frees the same megabytes for
/// every tile would otherwise have each page of them mapped and cleared by the kernel anew. Once, early; glibc alone.
void keep_freed_memory();

}  // namespace eoshard
