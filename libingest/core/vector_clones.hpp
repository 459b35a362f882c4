// Loops over pixels, compiled for wide vectors too and chosen when the program starts: builds run on any x86-64.
#pragma once

/// Before a function's definition. It must give the same bits in each version: whole numbers, or float32 without
/// contraction (AVX2 alone fuses nothing).
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define EOSHARD_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define EOSHARD_VECTOR_CLONES
#endif
