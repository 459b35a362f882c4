#include "libingest/product/source_list.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class SourceList : public testing::Test {
 protected:
  SourceList() {
    for (const char* name : {"a.SAFE", "b.SAFE", "c[1].SAFE", "with space.SAFE"})
      fs::create_directories(folder_ / name);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string list(const std::string& text) const {
    write_file(folder_ / "list.txt", text, Durability::rename_only);
    return "@" + path("list.txt");
  }

  std::string error_of(const Names& arguments) const {
    try {
      expand_sources(arguments);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  TemporaryFolder temporary_;
  fs::path folder_ = fs::canonical(temporary_.path());
};

TEST_F(SourceList, EveryWayToNameAFolderIsTheSame) {
  const fs::path here = fs::current_path();
  fs::current_path(folder_);
  const Names sources = expand_sources({"b.SAFE", "a.SAFE/", "./a.SAFE", path("a.SAFE") + "//", "x/../b.SAFE"});
  fs::current_path(here);
  EXPECT_EQ(sources, (Names{path("a.SAFE"), path("b.SAFE")}));
}

TEST_F(SourceList, PatternsAreExpanded) {
  EXPECT_EQ(expand_sources({path("[ab].SAFE")}), (Names{path("a.SAFE"), path("b.SAFE")}));
  EXPECT_EQ(expand_sources({path("?.SAFE"), path("b.SAFE")}), (Names{path("a.SAFE"), path("b.SAFE")}));
  EXPECT_NE(error_of({path("*.zip")}).find("*.zip matches nothing"), std::string::npos);
}

TEST_F(SourceList, APathThatExistsIsNoPattern) {
  EXPECT_EQ(expand_sources({path("c[1].SAFE")}), Names{path("c[1].SAFE")});
}

TEST_F(SourceList, APathThatDoesNotExistIsKeptForTheReaderToName) {
  EXPECT_EQ(expand_sources({path("missing.SAFE")}), Names{path("missing.SAFE")});
}

TEST_F(SourceList, AListIsReadWithCommentsAndCrlf) {
  const std::string file =
      list("# products\r\n\r\n  " + path("b.SAFE") + "/ \r\n" + path("with space.SAFE") + "\n" + path("a*"));
  EXPECT_EQ(expand_sources({file}), (Names{path("a.SAFE"), path("b.SAFE"), path("with space.SAFE")}));
}

TEST_F(SourceList, AListsMistakesNameIt) {
  EXPECT_NE(error_of({list("# nothing\n")}).find("list.txt names no product"), std::string::npos);
  EXPECT_NE(error_of({list(path("*.zip"))}).find("list.txt: the pattern"), std::string::npos);
  EXPECT_NE(error_of({"@" + path("no.txt")}).find("no.txt"), std::string::npos);
}

TEST_F(SourceList, BytesThatAreNoUtf8AreKept) {
  fs::create_directories(folder_ / "caf\xe9.SAFE");
  EXPECT_EQ(expand_sources({path("caf*")}), Names{path("caf\xe9.SAFE")});
}

}  // namespace
}  // namespace eoshard::ingest
