#include "libingest/archive/bigearthnet_archive.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "libingest/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPatches[] = {"S2A_MSIL2A_20170613T101031_0_1", "S2A_MSIL2A_20170613T101031_0_2"};

TEST(BigEarthNetNames, AreTold) {
  using enum BigEarthNetVersion;
  EXPECT_TRUE(is_bigearthnet_patch(v1, "S2B_MSIL2A_20180204T94161_57_38"));
  EXPECT_TRUE(is_bigearthnet_patch(v1, "S2A_MSIL2A_20170613T101031_0_1"));
  EXPECT_FALSE(is_bigearthnet_patch(v2, "S2A_MSIL2A_20170613T101031_0_1"));
  EXPECT_TRUE(is_bigearthnet_patch(v2, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57"));
  EXPECT_FALSE(is_bigearthnet_patch(v1, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57"));
  EXPECT_FALSE(is_bigearthnet_patch(v1, "BigEarthNet-v1.0"));
  EXPECT_FALSE(is_bigearthnet_patch(v2, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"));
  EXPECT_FALSE(is_bigearthnet_patch(v1, ""));
  EXPECT_EQ(product_of_patch("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57"),
            "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP");
}

// A tar in which the files of two patches alternate; each file holds `bytes` bytes.
class MixedTar : public ::testing::Test {
 protected:
  void SetUp() override {
    BigEarthNetOptions options;
    options.bands = {"B02", "B03"};
    const BigEarthNetPatches patches(options);
    std::string names;
    for (const char* patch : kPatches) fs::create_directories(folder_.path() / "tree" / patch);
    for (std::size_t file = 0; file < 3; ++file) {
      for (const char* patch : kPatches) {
        const std::string name = std::string(patch) + "/" + patches.files_of(patch)[file];
        std::ofstream(folder_.path() / "tree" / name) << std::string(1000, 'x');
        names += " " + name;
      }
    }
    const std::string command = "cd '" + (folder_.path() / "tree").string() + "' && tar -cf ../mixed.tar" + names;
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  Archive open(std::size_t max_waiting_bytes) const {
    BigEarthNetOptions options;
    options.source = folder_.path() / "mixed.tar";
    options.bands = {"B02", "B03"};
    return open_bigearthnet(options, max_waiting_bytes);
  }

  static std::vector<std::string> keys_of(const Archive& archive, const ArchiveStream::IsWanted& is_wanted) {
    auto& stream = *std::get<std::unique_ptr<ArchiveStream>>(archive);
    std::vector<std::string> keys;
    for (RawSample raw; stream.next(raw, is_wanted);) {
      EXPECT_EQ(raw.members.size(), 3u);
      EXPECT_EQ(raw.damage, "");
      keys.push_back(raw.key);
    }
    return keys;
  }

  TemporaryFolder folder_;
};

TEST_F(MixedTar, IsPutTogetherInABoundedBuffer) {
  const auto all = [](const std::string&) { return true; };
  EXPECT_EQ(keys_of(open(5000), all), (std::vector<std::string>{kPatches[0], kPatches[1]}));
  try {
    keys_of(open(3000), all);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("2 patches"), std::string::npos) << error.what();
  }
}

TEST_F(MixedTar, UnwantedPatchesTakeNoRoom) {
  const auto second = [](const std::string& key) { return key == kPatches[1]; };
  EXPECT_EQ(keys_of(open(2500), second), std::vector<std::string>{kPatches[1]});
}

}  // namespace
}  // namespace eoshard::ingest
