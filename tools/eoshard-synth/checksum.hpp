// Checksums of files as manifest.safe lists them.
#pragma once

#include <filesystem>
#include <string>

namespace eoshard::synth {

enum class ChecksumKind { md5, sha3_256 };

/// Upper-case hexadecimal. @throws Error{io}.
std::string file_checksum(const std::filesystem::path& path, ChecksumKind kind);

}  // namespace eoshard::synth
