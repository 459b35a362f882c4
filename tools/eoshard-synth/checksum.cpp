#include "tools/eoshard-synth/checksum.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::synth {
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

std::string file_checksum(const std::filesystem::path& path, ChecksumKind kind) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest(EVP_MD_CTX_new());
  check_openssl(EVP_DigestInit_ex(digest.get(), kind == ChecksumKind::md5 ? EVP_md5() : EVP_sha3_256(), nullptr));
  const FileDescriptor file = open_for_reading(path);
  const std::uint64_t size = file_size(file, path);
  std::vector<std::byte> buffer(kReadBytes);
  for (std::uint64_t offset = 0; offset < size; offset += kReadBytes) {
    const auto part = std::span(buffer).first(std::min<std::uint64_t>(kReadBytes, size - offset));
    read_exactly(file, offset, part, path);
    check_openssl(EVP_DigestUpdate(digest.get(), part.data(), part.size()));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
  unsigned int bytes = 0;
  check_openssl(EVP_DigestFinal_ex(digest.get(), sum.data(), &bytes));
  return upper_hex(std::span(sum).first(bytes));
}

}  // namespace eoshard::synth
