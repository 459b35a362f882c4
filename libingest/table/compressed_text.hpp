// Text files as they are distributed: plain, or compressed by gzip, bzip2, xz or zstd.
#pragma once

#include <filesystem>
#include <string>

namespace eoshard::ingest {

/// The whole text of a file; how it is compressed is seen from its first bytes, not from its name.
/// @throws Error{input} naming the file when it cannot be read or is damaged.
std::string read_compressed_text(const std::filesystem::path& path);

}  // namespace eoshard::ingest
