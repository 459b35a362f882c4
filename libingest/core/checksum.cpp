#include "libingest/core/checksum.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard {
namespace {

constexpr std::size_t kReadBytes = 4 << 20;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void check_openssl(int status) {
  if (status != 1) throw Error(ErrorKind::internal, "OpenSSL cannot compute the checksums that manifest.safe needs");
}

std::string upper_hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02X}", byte);
  return text;
}

}  // namespace

std::string_view checksum_name(ChecksumKind kind) { return kind == ChecksumKind::md5 ? "MD5" : "SHA3-256"; }

struct Checksum::Digest {
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context{EVP_MD_CTX_new()};
};

Checksum::Checksum(ChecksumKind kind) : digest_(std::make_unique<Digest>()) {
  const EVP_MD* method = kind == ChecksumKind::md5 ? EVP_md5() : EVP_sha3_256();
  check_openssl(EVP_DigestInit_ex(digest_->context.get(), method, nullptr));
}

Checksum::~Checksum() = default;

void Checksum::add(std::span<const std::byte> bytes) {
  check_openssl(EVP_DigestUpdate(digest_->context.get(), bytes.data(), bytes.size()));
}

std::string Checksum::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
  unsigned int bytes = 0;
  check_openssl(EVP_DigestFinal_ex(digest_->context.get(), sum.data(), &bytes));
  return upper_hex(std::span(sum).first(bytes));
}

std::string file_checksum(const std::filesystem::path& path, ChecksumKind kind) {
  Checksum checksum(kind);
  const FileDescriptor file = open_for_reading(path);
  const std::uint64_t size = file_size(file, path);
  std::vector<std::byte> buffer(kReadBytes);
  for (std::uint64_t offset = 0; offset < size; offset += kReadBytes) {
    const auto part = std::span(buffer).first(std::min<std::uint64_t>(kReadBytes, size - offset));
    read_exactly(file, offset, part, path);
    checksum.add(part);
  }
  return checksum.finish();
}

}  // namespace eoshard
