#include "libingest/gdal/shared_inflation.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/zip_folder.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kBytes = 5'000'001;  // more than the cache, and no whole number of pages

class SharedInflation : public testing::Test {
 protected:
  // One archive for all tests: deflating it takes longest.
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    std::mt19937 random(1);
    bytes_.resize(kBytes);
    std::generate(bytes_.begin(), bytes_.end(), [&] { return static_cast<char>(random() % 256); });
    std::filesystem::create_directories(folder_->path() / "X");
    write_file(folder_->path() / "X/a.bin", bytes_, Durability::rename_only);
    zip_folder(folder_->path() / "X", folder_->path() / "x.zip");
    path_ = fmt::format("/vsizip/{{{}/x.zip}}/X/a.bin", folder_->path().string());
  }
  static void TearDownTestSuite() { folder_.reset(); }

  bool reads_right(InflatedFile& file, std::size_t offset, std::size_t length) const {
    std::string out(length, '?');
    const std::size_t count = file.read(offset, std::as_writable_bytes(std::span(out)));
    const std::string expected = offset < kBytes ? bytes_.substr(offset, length) : "";
    return count == expected.size() && out.compare(0, count, expected) == 0;
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::string bytes_;
  static inline std::string path_;
};

TEST_F(SharedInflation, AnyReadGivesTheFilesBytes) {
  InflatedFile file(path_);
  EXPECT_EQ(file.size(), kBytes);
  std::mt19937 random(2);
  for (int trial = 0; trial < 30; ++trial) EXPECT_TRUE(reads_right(file, random() % kBytes, random() % 40000));
  EXPECT_TRUE(reads_right(file, kBytes - 10, 20));
  EXPECT_TRUE(reads_right(file, kBytes + 10, 20));
  EXPECT_TRUE(reads_right(file, 0, kBytes));
}

TEST_F(SharedInflation, ThreadsShareOneFile) {
  InflatedFile file(path_);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t offset = thread * 70000; offset < kBytes; offset += 280000) {
        if (!reads_right(file, 100, 12) || !reads_right(file, offset, 70000)) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(SharedInflation, GdalReadsThroughIt) {
  initialise_gdal();
  EXPECT_EQ(with_shared_inflation("/data/a.jp2"), "/data/a.jp2");
  const VsiFile file = open_vsi_file(with_shared_inflation(path_));
  std::string out(10, '?');
  VSIFSeekL(file.get(), 0, SEEK_END);
  EXPECT_EQ(VSIFTellL(file.get()), kBytes);
  VSIFSeekL(file.get(), kBytes - 5, SEEK_SET);
  EXPECT_EQ(VSIFReadL(out.data(), 1, out.size(), file.get()), 5u);
  EXPECT_NE(VSIFEofL(file.get()), 0);
  EXPECT_EQ(out.substr(0, 5), bytes_.substr(kBytes - 5));
  EXPECT_THROW(open_vsi_file(with_shared_inflation(path_ + "x")), Error);
}

}  // namespace
}  // namespace eoshard::ingest
