#include "libingest/shard/dataset_manifest.hpp"

#include <gtest/gtest.h>

#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

DatasetManifest example() {
  DatasetManifest manifest;
  manifest.program = "eoshard-ingest";
  manifest.version = "0.1.0";
  manifest.command_line = "eoshard-ingest --out 'my data'";
  manifest.configuration_json = R"({"seed":3})";
  manifest.nomenclature = "bigearthnet-19";
  manifest.classes = {"Urban fabric", "Arable land"};
  manifest.arrays = {{"data_60m", 60, {"B01", "B09"}, {2, 20, 20}, "uint16"}};
  manifest.split_rule = "random:70/15/15";
  manifest.seed = 3;
  for (const char* name : {"train", "validation", "test"}) {
    manifest.splits.push_back(
        {name, 5, {4, 1}, {{"B01", 2000, 1, 900, 341.5, 20.25, "683000", "99999999999999999999"}}});
  }
  manifest.rejected = {{"cloud", 7}};
  manifest.sources = {{"S2A_X_2023",
                       "S2A_X",
                       "in/S2A_X.SAFE",
                       "04.00",
                       "T33NZA",
                       "2022-07-06T08:56:11.024Z",
                       32633,
                       {{"B01", -1000}},
                       64,
                       57,
                       {{"cloud", 7}}}};
  return manifest;
}

TEST(Manifest, RoundTripKeepsEverything) {
  const std::string text = manifest_text(example());
  EXPECT_EQ(manifest_text(parse_manifest(text)), text);
  EXPECT_EQ(parse_manifest(text).samples(), 15);
  EXPECT_EQ(parse_manifest(text).split("test").statistics[0].sum_of_squares, "99999999999999999999");
}

std::string error_of(const std::string& text) {
  try {
    parse_manifest(text);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Manifest, ASchemaViolationNamesItsPlace) {
  std::string text = manifest_text(example());
  text.replace(text.find("\"multi-label\""), 13, "\"many labels\"");
  EXPECT_NE(error_of(text).find("task"), std::string::npos) << error_of(text);
}

TEST(Manifest, ListsOfDifferentLengthsAreAnError) {
  DatasetManifest manifest = example();
  manifest.splits[1].class_counts.pop_back();
  EXPECT_NE(error_of(manifest_text(manifest)).find("split 'validation' counts 1 classes"), std::string::npos);
  manifest = example();
  manifest.arrays[0].bands.pop_back();
  EXPECT_NE(error_of(manifest_text(manifest)).find("array 'data_60m' names 1 bands"), std::string::npos);
}

TEST(Manifest, CutJsonIsAnError) {
  const std::string text = manifest_text(example());
  EXPECT_NE(error_of(text.substr(0, text.size() / 2)).find("not valid JSON"), std::string::npos);
}

TEST(Manifest, AFolderWithoutManifestIsNoDataset) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_manifest(folder.path()), Error);
}

TEST(Manifest, FormatsRoundTrip) {
  DatasetManifest manifest = example();
  manifest.formats = {false, true, Hdf5Layout::single, Hdf5Compression::none};
  EXPECT_EQ(parse_manifest(manifest_text(manifest)).formats, manifest.formats);
}

}  // namespace
}  // namespace eoshard::ingest
