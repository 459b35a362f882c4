#include "libingest/core/checksum.hpp"

#include <gtest/gtest.h>

namespace eoshard {
namespace {

std::string checksum_of(std::string_view text, ChecksumKind kind) {
  Checksum checksum(kind);
  checksum.add(std::as_bytes(std::span(text)).first(1));
  checksum.add(std::as_bytes(std::span(text)).subspan(1));
  return checksum.finish();
}

// RFC 1321, appendix A.5; NIST's examples of FIPS 202.
TEST(Checksum, PublishedVectors) {
  EXPECT_EQ(checksum_of("abc", ChecksumKind::md5), "900150983CD24FB0D6963F7D28E17F72");
  EXPECT_EQ(checksum_of("abc", ChecksumKind::sha3_256),
            "3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532");
}

}  // namespace
}  // namespace eoshard
