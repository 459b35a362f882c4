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

// Tars, compressed and not, in which the files of two patches alternate; each file holds 1,000 bytes, its name first.
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
        std::ofstream(folder_.path() / "tree" / name) << name << std::string(1000 - name.size(), 'x');
        names += " " + name;
      }
    }
    for (const char* tar : {"tar -cf ../mixed.tar", "tar -czf ../mixed.tar.gz"}) {
      const std::string command = "cd '" + (folder_.path() / "tree").string() + "' && " + tar + names;
      ASSERT_EQ(std::system(command.c_str()), 0);
    }
  }

  Archive open(std::size_t max_waiting_bytes, const char* tar = "mixed.tar.gz") const {
    BigEarthNetOptions options;
    options.source = folder_.path() / tar;
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

TEST_F(MixedTar, IsReadInAnyOrderWhereItIsNotCompressed) {
  const Archive archive = open(0, "mixed.tar");
  auto& tar = *std::get<std::unique_ptr<ArchiveCatalogue>>(archive);
  const std::vector<ArchiveEntry> entries = tar.list();
  ASSERT_EQ(entries.size(), 2u);
  for (const std::size_t patch : {1, 0}) {
    EXPECT_EQ(entries[patch].key, kPatches[patch]);
    EXPECT_EQ(entries[patch].damage, "");
    RawSample raw;
    tar.read(entries[patch], raw);
    ASSERT_EQ(raw.members.size(), 3u);
    for (const RawSample::Member& file : raw.members) {
      EXPECT_TRUE(file.bytes.starts_with(entries[patch].key + "/" + file.name + "x")) << file.bytes;
      EXPECT_EQ(file.bytes.size(), 1000u);
    }
  }
  EXPECT_EQ(tar.damage(), "");
}

TEST_F(MixedTar, CutOneTellsWhatIsThere) {
  fs::resize_file(folder_.path() / "mixed.tar", 512 * (5 * 3 + 2));  // all but the second patch's last file
  const Archive archive = open(0, "mixed.tar");
  auto& tar = *std::get<std::unique_ptr<ArchiveCatalogue>>(archive);
  const std::vector<ArchiveEntry> entries = tar.list();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].damage, "");
  EXPECT_NE(entries[1].damage.find(std::string(kPatches[1]) + "_labels_metadata.json is missing"), std::string::npos)
      << entries[1].damage;
  EXPECT_NE(tar.damage().find("damaged or cut at"), std::string::npos) << tar.damage();
}

}  // namespace
}  // namespace eoshard::ingest
