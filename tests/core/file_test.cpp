#include "libingest/core/file.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard {
namespace {

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  {
    AtomicFile file(path);
    file.write("never seen");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  AtomicFile file(path);
  file.write("whole");
  EXPECT_FALSE(std::filesystem::exists(path));
  file.commit(Durability::fsync);
  EXPECT_EQ(read_text_file(path), "whole");
}

TEST(AtomicFile, KeepsOrderAcrossItsBuffer) {
  const TemporaryFolder folder;
  const std::string large(3 << 20, 'L');
  AtomicFile file(folder.path() / "file");
  file.write("a");
  file.write(large);
  file.write("b");
  EXPECT_EQ(file.position(), large.size() + 2);
  file.commit(Durability::rename_only);
  EXPECT_EQ(read_text_file(folder.path() / "file"), "a" + large + "b");
}

TEST(AtomicFile, SaysWhichFolderIsMissing) {
  try {
    AtomicFile file("/nonexistent/folder/file");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/nonexistent/folder/file"), std::string::npos);
  }
}

TEST(ReadExactly, ReportsATruncatedFile) {
  const TemporaryFolder folder;
  write_file(folder.path() / "short", "abc", Durability::rename_only);
  const FileDescriptor file = open_for_reading(folder.path() / "short");
  std::array<std::byte, 8> buffer{};
  EXPECT_THROW(read_exactly(file, 0, buffer, folder.path() / "short"), Error);
}

}  // namespace
}  // namespace eoshard
