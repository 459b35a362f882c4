#include "libingest/product/source_check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/zip_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

// A folder with one file and its manifest.
class SourceCheck : public testing::Test {
 protected:
  SourceCheck() {
    for (int index = 0; index < 10000; ++index) bytes_ += static_cast<char>(index * 7919 >> 3);
    fs::create_directories(root_ / "GRANULE");
    write(bytes_);
    write_manifest(ChecksumKind::md5, "./");
  }

  void write(const std::string& bytes) { write_file(file_, bytes, Durability::rename_only); }

  void write_manifest(ChecksumKind kind, const std::string& prefix) {
    write_file(
        root_ / "manifest.safe",
        fmt::format("<x:XFDU xmlns:x='y'><dataObjectSection><dataObject ID='a'><byteStream size='1'><fileLocation "
                    "locatorType='URL' href='{}GRANULE/B02.jp2'/><checksum checksumName='{}'>{}</checksum>"
                    "</byteStream></dataObject></dataObjectSection></x:XFDU>",
                    prefix, checksum_name(kind), file_checksum(file_, kind)),
        Durability::rename_only);
  }

  std::string error(const std::string& file = "GRANULE/B02.jp2") const {
    try {
      SourceChecksums(root_.string()).check((root_ / file).string());
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  TemporaryFolder temporary_;
  fs::path root_ = temporary_.path() / "X.SAFE";
  fs::path file_ = root_ / "GRANULE/B02.jp2";
  std::string bytes_;
};

TEST_F(SourceCheck, BothKindsAndBothFormsOfPathsAreRead) {
  EXPECT_EQ(error(), "");
  write_manifest(ChecksumKind::sha3_256, "");
  EXPECT_EQ(error(), "");
}

TEST_F(SourceCheck, EveryFlippedBitIsFoundAndNamed) {
  const std::string expected = file_checksum(file_, ChecksumKind::md5);
  std::mt19937 random(1);
  for (int flip = 0; flip < 100; ++flip) {
    std::string damaged = bytes_;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    write(damaged);
    const std::string message = error(), found = file_checksum(file_, ChecksumKind::md5);
    for (const std::string& part : {file_.string(), expected, found})
      EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST_F(SourceCheck, WhatIsMissingIsNamed) {
  EXPECT_NE(error("GRANULE/B03.jp2").find("B03.jp2 is not listed"), std::string::npos);
  fs::remove(root_ / "manifest.safe");
  EXPECT_NE(error().find("manifest.safe does not exist"), std::string::npos);
}

TEST_F(SourceCheck, AZipIsCheckedInPlace) {
  const fs::path zip = temporary_.path() / "x.zip";
  zip_folder(root_, zip);
  const std::string root = fmt::format("/vsizip/{{{}}}/X.SAFE", zip.string());
  EXPECT_NO_THROW(SourceChecksums(root).check(root + "/GRANULE/B02.jp2"));
  write(bytes_ + "x");
  fs::remove(zip);
  zip_folder(root_, zip);
  EXPECT_THROW(SourceChecksums(root).check(root + "/GRANULE/B02.jp2"), Error);
}

TEST_F(SourceCheck, ARealProductIsWhole) {
  const char* shared = std::getenv("EOSHARD_SHARED");
  const fs::path products = fs::path(shared != nullptr ? shared : "") / "data/products";
  if (!fs::exists(products)) GTEST_SKIP() << "EOSHARD_SHARED has no data/products";
  for (const auto& product : fs::directory_iterator(products)) {
    const SourceChecksums checksums(product.path().string());
    for (const auto& entry : fs::recursive_directory_iterator(product.path())) {
      const fs::path& file = entry.path();
      if (file.extension() == ".jp2" || file.filename().string().starts_with("MTD_")) checksums.check(file.string());
    }
  }
}

}  // namespace
}  // namespace eoshard::ingest
