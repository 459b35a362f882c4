#include "libingest/archive/archive_member_reader.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

class Members : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path() / "tree/a");
    write("tree/a/small.txt", "few");
    write("tree/a/large.bin", std::string(3 << 20, 'x') + "end");
    write("tree/empty", "");
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }

  // Packs the tree with the system's tar.
  fs::path pack(const std::string& name, const std::string& options) const {
    const fs::path path = folder_.path() / name;
    const std::string command = "cd '" + (folder_.path() / "tree").string() + "' && tar --sort=name " + options +
                                " -cf '" + path.string() + "' .";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return path;
  }

  static std::map<std::string, std::string> read_all(const fs::path& path) {
    std::map<std::string, std::string> members;
    ArchiveMemberReader reader(path);
    while (const auto name = reader.next()) members[*name] = reader.read();
    return members;
  }

  void cut(const fs::path& path, std::uint64_t bytes) const { fs::resize_file(path, bytes); }

  TemporaryFolder folder_;
};

std::string failure_of(const fs::path& path) {
  try {
    ArchiveMemberReader reader(path);
    while (reader.next()) reader.read();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(Members, AreReadFromEveryKindOfTar) {
  for (const char* options : {"", "-z", "--zstd", "-j", "-J"}) {
    const auto members = read_all(pack("tree.tar", options));
    ASSERT_EQ(members.size(), 3u) << options;
    EXPECT_EQ(members.at("a/small.txt"), "few") << options;
    EXPECT_EQ(members.at("a/large.bin").size(), (3u << 20) + 3) << options;
    EXPECT_EQ(members.at("a/large.bin").substr(3 << 20), "end") << options;
    EXPECT_EQ(members.at("empty"), "") << options;
  }
}

TEST_F(Members, AreSkippedWhenNotRead) {
  ArchiveMemberReader reader(pack("tree.tar", ""));
  std::vector<std::string> names;
  while (const auto name = reader.next()) names.push_back(*name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/large.bin", "a/small.txt", "empty"}));
}

TEST_F(Members, CutArchiveNamesWhereItEnds) {
  for (const char* options : {"", "-z", "--zstd"}) {
    const fs::path path = pack("tree.tar", options);
    cut(path, fs::file_size(path) / 2);
    const std::string failure = failure_of(path);
    EXPECT_NE(failure.find("damaged or cut"), std::string::npos) << options << failure;
    EXPECT_NE(failure.find("tree.tar"), std::string::npos) << options << failure;
  }
}

TEST_F(Members, PlainTarThatEndsBetweenMembersIsCut) {
  const fs::path path = pack("tree.tar", "");
  cut(path, 512 * (1 + 1 + 1) + (3 << 20) + 512);  // ./, a/, the header of large.bin, its blocks: the next is missing
  EXPECT_NE(failure_of(path).find("its end is missing"), std::string::npos) << failure_of(path);
}

TEST_F(Members, OfAPlainTarAreReadFromTheirPlaces) {
  for (const char* options : {"", "--format=pax", "--format=ustar", "--format=gnu"}) {
    const fs::path path = pack("tree.tar", options);
    ASSERT_TRUE(is_plain_tar(path)) << options;
    std::map<std::string, std::string> members;
    ArchiveMemberReader reader(path);
    while (const auto name = reader.next()) {
      const TarPlace place = reader.place();
      const std::string piece = read_text_file(path).substr(place.offset, place.bytes);
      ArchiveMemberReader alone(path, piece);
      EXPECT_EQ(alone.next(), name) << options;
      members[*name] = alone.read();
      EXPECT_EQ(alone.next(), std::nullopt) << options;
    }
    EXPECT_EQ(members, read_all(path)) << options;
  }
  for (const char* options : {"-z", "--zstd", "-j", "-J"})
    EXPECT_FALSE(is_plain_tar(pack("tree.tar", options))) << options;
  EXPECT_FALSE(is_plain_tar(folder_.path()));
  EXPECT_FALSE(is_plain_tar(folder_.path() / "tree/empty"));
}

TEST_F(Members, PlaceOfACutMemberIsRefused) {
  const fs::path path = pack("tree.tar", "");
  for (const std::uint64_t bytes : {512u * 3 + (3u << 20), 512u * 3 + (1u << 20)}) {
    cut(path, bytes);
    ArchiveMemberReader reader(path);
    EXPECT_EQ(reader.next(), "a/large.bin");
    EXPECT_THROW(reader.place(), Error) << bytes;
  }
}

TEST_F(Members, AMemberThatIsSaidToBeHugeIsRefused) {
  fs::resize_file(folder_.path() / "tree/empty",
                  std::uintmax_t{1} << 41);  // two tebibytes of holes, which GNU tar keeps
  const std::string failure = failure_of(pack("tree.tar", "--sparse --exclude=a"));
  EXPECT_NE(failure.find("at empty: it is said to have 2199023255552 bytes"), std::string::npos) << failure;
}

TEST_F(Members, OtherFilesAreRefused) {
  write("text", "no archive at all, but a text that is long enough to be looked at");
  EXPECT_NE(failure_of(folder_.path() / "text"), "");
  EXPECT_NE(failure_of(folder_.path() / "nowhere"), "");
}

}  // namespace
}  // namespace eoshard::ingest
