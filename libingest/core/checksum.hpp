// Checksums of files as manifest.safe lists them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace eoshard {

enum class ChecksumKind { md5, sha3_256 };

/// "MD5" or "SHA3-256", as manifest.safe writes them.
std::string_view checksum_name(ChecksumKind kind);

/// A checksum under way: bytes in, hexadecimal out.
class Checksum {
 public:
  explicit Checksum(ChecksumKind kind);
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void add(std::span<const std::byte> bytes);
  /// Upper-case hexadecimal; once.
  std::string finish();

 private:
  struct Digest;
  std::unique_ptr<Digest> digest_;
};

/// Upper-case hexadecimal. @throws Error{io}.
std::string file_checksum(const std::filesystem::path& path, ChecksumKind kind);

}  // namespace eoshard
