#include "libingest/core/file_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

#include "libingest/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard {
namespace {

// Descriptors of this process that show a file below `folder`.
int count_open(const std::filesystem::path& folder) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the descriptor that lists them
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    count += target.starts_with(folder.string()) ? 1 : 0;
  }
  return count;
}

class FilePoolTest : public ::testing::Test {
 protected:
  FilePoolTest() {
    for (int file = 0; file < 10; ++file) write_file(path(file), std::to_string(file), Durability::rename_only);
  }

  std::filesystem::path path(int file) const { return folder_.path() / ("file" + std::to_string(file)); }

  std::vector<std::unique_ptr<PooledFile>> files_of(FilePool& pool) const {
    std::vector<std::unique_ptr<PooledFile>> files;
    for (int file = 0; file < 10; ++file) files.push_back(std::make_unique<PooledFile>(pool, path(file)));
    return files;
  }

  TemporaryFolder folder_;
};

std::string read(const PooledFile& file) {
  std::string text(1, ' ');
  read_exactly(*file.open(), 0, std::as_writable_bytes(std::span(text)), file.path());
  return text;
}

TEST_F(FilePoolTest, KeepsTheLastOnesOpen) {
  FilePool pool(3);
  const auto files = files_of(pool);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t file = 0; file < 10; ++file) {
      EXPECT_EQ(read(*files[file]), std::to_string(file));
      EXPECT_LE(count_open(folder_.path()), 3);
    }
  }
  std::filesystem::remove(path(7));
  std::filesystem::remove(path(9));
  EXPECT_EQ(read(*files[7]), "7");  // still open, and from here on the last one used
  EXPECT_EQ(read(*files[0]) + read(*files[1]), "01");
  EXPECT_EQ(read(*files[7]), "7");
  EXPECT_THROW(read(*files[9]), Error);
}

TEST_F(FilePoolTest, AFileInUseOutlivesItsPlace) {
  FilePool pool(1);
  const auto files = files_of(pool);
  const auto held = files[4]->open();
  read(*files[5]);
  std::string text(1, ' ');
  read_exactly(*held, 0, std::as_writable_bytes(std::span(text)), path(4));
  EXPECT_EQ(text, "4");
}

TEST_F(FilePoolTest, WhatReplacesAFileIsAnotherOne) {
  FilePool pool(10);
  const PooledFile before(pool, path(2));
  EXPECT_EQ(read(before), "2");
  write_file(path(2), "x", Durability::rename_only);
  const PooledFile after(pool, path(2));
  EXPECT_EQ(read(after), "x");
  EXPECT_EQ(read(before), "2");
}

TEST_F(FilePoolTest, ClosesWithItsOwner) {
  FilePool pool(10);
  {
    const auto files = files_of(pool);
    for (const auto& file : files) read(*file);
    EXPECT_EQ(count_open(folder_.path()), 10);
  }
  EXPECT_EQ(count_open(folder_.path()), 0);
}

TEST_F(FilePoolTest, ServesThreads) {
  FilePool pool(2);
  const auto files = files_of(pool);
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t turn = 0; turn < 500; ++turn) {
        const std::size_t file = (turn * (thread + 1)) % 10;
        EXPECT_EQ(read(*files[file]), std::to_string(file));
      }
    });
  }
}

TEST(FileLimit, IsRaisedToTheHardOne) {
  rlimit before{}, after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  raise_file_limit();
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace eoshard
