#include "libingest/pipeline/work_folder.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

class WorkFolderTest : public testing::Test {
 protected:
  void touch(const std::filesystem::path& path) { write_file(path, "x", Durability::rename_only); }

  std::string refusal(const std::string& configuration, bool overwrite = false) {
    try {
      work_.prepare(configuration, overwrite);
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
  }

  TemporaryFolder temporary_;
  WorkFolder work_{temporary_.path() / "mydata"};
  std::filesystem::path part_ = work_.part_file("S2A_X", "data_10m");
};

TEST_F(WorkFolderTest, TheSameConfigurationGoesOn) {
  EXPECT_EQ(work_.prepare(R"({"seed":1})", false), WorkFolder::Start::fresh);
  touch(part_);
  EXPECT_EQ(work_.prepare(R"({"seed":1})", false), WorkFolder::Start::resumed);
  EXPECT_TRUE(std::filesystem::exists(part_));
  EXPECT_EQ(work_.prepare(R"({"seed":1})", true), WorkFolder::Start::resumed) << "--overwrite must not throw work away";
}

TEST_F(WorkFolderTest, AnotherConfigurationIsRefusedByName) {
  work_.prepare(R"({"seed":1,"split":"a"})", false);
  touch(part_);
  EXPECT_NE(refusal(R"({"seed":2,"split":"a"})").find("differ in: seed"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(part_));
  EXPECT_EQ(work_.prepare(R"({"seed":2,"split":"a"})", true), WorkFolder::Start::fresh);
  EXPECT_FALSE(std::filesystem::exists(part_));
}

TEST_F(WorkFolderTest, AnotherConfigurationIsRefusedAmidTheFirstPart) {
  EXPECT_FALSE(work_.has_run());
  work_.prepare(R"({"seed":1})", false);
  EXPECT_TRUE(work_.has_run());
  touch(part_.string() + ".tmp");
  EXPECT_NE(refusal(R"({"seed":2})").find("differ in: seed"), std::string::npos);
}

TEST_F(WorkFolderTest, FilesThatHoldSomethingElseAreNamed) {
  work_.prepare(R"({"seed":1,"list_contents":{"a":"1","b":"2"},"source_contents":{"c":"3"}})", false);
  touch(part_);
  const std::string changed = refusal(R"({"seed":1,"list_contents":{"a":"1","b":"4"},"source_contents":{"c":"5"}})");
  EXPECT_NE(changed.find("began with another b, another c (by"), std::string::npos) << changed;
  const std::string others = refusal(R"({"seed":2,"list_contents":{"a":"1","b":"4"},"source_contents":{"c":"3"}})");
  EXPECT_NE(others.find("differ in: list_contents, seed"), std::string::npos) << others;
}

TEST_F(WorkFolderTest, LookingChangesNothing) {
  EXPECT_EQ(work_.look("{}", false), WorkFolder::Start::fresh);
  EXPECT_FALSE(std::filesystem::exists(work_.out()));
  work_.prepare("{}", false);
  touch(work_.out() / kManifestName);
  work_.remove();
  EXPECT_EQ(work_.look("{}", true), WorkFolder::Start::fresh);
  EXPECT_TRUE(std::filesystem::exists(work_.out() / kManifestName));
}

TEST_F(WorkFolderTest, OnlyARunThatLeftNothingIsRemoved) {
  work_.remove_if_untouched();  // none was begun
  work_.begin("{}");
  touch(part_);
  work_.remove_if_untouched();
  EXPECT_TRUE(work_.has_run());
  std::filesystem::remove(part_);
  work_.remove_if_untouched();
  EXPECT_FALSE(work_.has_run());
}

TEST_F(WorkFolderTest, AFolderInsideARunOrADatasetIsRefused) {
  work_.prepare(R"({"seed":1})", false);
  for (const char* inner : {"sub", "unfinished/sub"}) {
    try {
      WorkFolder(temporary_.path() / "mydata" / inner).prepare(R"({"seed":1})", true);
      FAIL() << inner;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("lies inside the dataset"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(WorkFolder(temporary_.path() / "other").prepare(R"({"seed":1})", false), WorkFolder::Start::fresh);
}

TEST_F(WorkFolderTest, AnotherConfigurationReplacesARunThatExtractedNothing) {
  work_.prepare(R"({"seed":1})", false);
  touch(work_.scan_file("S2A_X"));
  EXPECT_EQ(work_.prepare(R"({"seed":2})", false), WorkFolder::Start::fresh);
  EXPECT_FALSE(std::filesystem::exists(work_.scan_file("S2A_X")));
}

TEST_F(WorkFolderTest, AFinishedDatasetNeedsOverwrite) {
  work_.prepare("{}", false);
  touch(work_.out() / kManifestName);
  work_.remove();
  EXPECT_NE(refusal("{}").find("--overwrite"), std::string::npos);
  EXPECT_EQ(work_.prepare("{}", true), WorkFolder::Start::fresh);
  EXPECT_FALSE(std::filesystem::exists(work_.out() / kManifestName));
}

TEST_F(WorkFolderTest, ARunThatOnlyLacksTidyingUpIsFinished) {
  work_.prepare("{}", false);
  touch(part_);
  touch(work_.out() / kManifestName);
  EXPECT_EQ(work_.prepare("{}", false), WorkFolder::Start::finished);
  work_.remove();
  EXPECT_FALSE(std::filesystem::exists(part_.parent_path()));
}

TEST_F(WorkFolderTest, LocksOfAKilledRunAreRemoved) {
  work_.prepare("{}", false);
  touch(part_);
  const auto lock = work_.out() / "train.h5.tmp-1-2278.lock";
  touch(lock);
  EXPECT_EQ(work_.prepare("{}", false), WorkFolder::Start::resumed);
  EXPECT_FALSE(std::filesystem::exists(lock));
}

TEST_F(WorkFolderTest, ForeignFilesAreNeverRemoved) {
  std::filesystem::create_directories(work_.out());
  touch(work_.out() / "thesis.tex");
  EXPECT_NE(refusal("{}", true).find("thesis.tex"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(work_.out() / "thesis.tex"));
}

}  // namespace
}  // namespace eoshard::ingest
