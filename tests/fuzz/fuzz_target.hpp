// What the fuzz targets share. A target reads bytes from outside; whatever they are, it returns or throws an Error.
// Built with a Clang that has libFuzzer, the target is a fuzzer; else replay_main.cpp changes its corpus at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes);

namespace eoshard {

/// An Error is what a reader owes for bad bytes; any other exception leaves, and ends the fuzzer.
template <class Work>
void read_or_refuse(const Work& work) {
  try {
    work();
  } catch (const Error&) {
  }
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t bytes) {
  return {reinterpret_cast<const char*>(data), bytes};
}

/// For readers that take a path: without fsync and rename.
inline void put_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace eoshard
