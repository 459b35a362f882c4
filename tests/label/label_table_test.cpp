#include "libingest/label/label_table.hpp"

#include <gmock/gmock.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/label/patch_labeler.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

const GranuleGeometry kGranule{32633, 300000, 5400000, 360};  // 3 x 3 patches

LabelSettings settings_of(LabelKind kind, LabelTable table) {
  table.finish();
  LabelSettings settings;
  settings.kind = kind;
  settings.rule.nomenclature = make_nomenclature("bigearthnet-19");
  settings.table = std::make_shared<const LabelTable>(std::move(table));
  return settings;
}

TEST(LabelTable, FindsAfterATripInBytes) {
  LabelTable first, second, joined;
  first.add("A", {2, 1, 5});
  first.add("A", {1, 2, 6});
  second.add("A", {1, 2, 6});
  second.add("EPSG:32633", {404400, 5342400, 7});
  joined.add_bytes(first.bytes());
  joined.add_bytes(second.bytes());
  joined.finish();
  EXPECT_EQ(joined.size(), 3u);
  EXPECT_EQ(joined.find("A", 2, 1), 5u);
  EXPECT_EQ(joined.find("A", 1, 2), 6u);
  EXPECT_EQ(joined.find("EPSG:32633", 404400, 5342400), 7u);
  EXPECT_EQ(joined.find("A", 1, 1), std::nullopt);
  EXPECT_EQ(joined.find("B", 1, 2), std::nullopt);
}

TEST(LabelTable, ContradictionsAreNamed) {
  LabelTable table;
  table.add("A", {1, 2, 6});
  table.add("A", {1, 2, 7});
  try {
    table.finish();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("1, 2 of A is there twice"));
  }
}

TEST(TableLabeler, GoesByProductAndPosition) {
  LabelTable table;
  table.add("S2A_MSIL2A_20170613T101031_R022_T33UUP", {2, 1, 9});
  table.add("S2A_MSIL2A_20170613T101031_R022_T33UUP", {0, 1, 0});
  const LabelSettings settings = settings_of(LabelKind::parquet, std::move(table));
  const auto labeler = make_patch_labeler(settings, kGranule, "S2A_MSIL2A_20170613T101031_R022_T33UUP");
  EXPECT_FALSE(labeler->label_row(0).is_covered);
  const LabelRow row = labeler->label_row(1);
  EXPECT_TRUE(row.is_covered);
  EXPECT_EQ(row.patches[2].classes, 9u);
  EXPECT_EQ(row.patches[2].labelled_pixels, 14400);
  EXPECT_EQ(row.patches[0].classes, 0u);
  EXPECT_EQ(row.patches[0].labelled_pixels, 14400);  // an entry of which the nomenclature keeps no class
  EXPECT_EQ(row.patches[1].labelled_pixels, 0);      // no entry
}

TEST(TableLabeler, GoesByGroundSquare) {
  LabelTable table;
  table.add("EPSG:32633", {301200, 5397600, 3});
  const auto labeler = make_patch_labeler(settings_of(LabelKind::bigearthnet, std::move(table)), kGranule, "any");
  EXPECT_EQ(labeler->label_row(2).patches[1].classes, 3u);
  EXPECT_FALSE(labeler->label_row(1).is_covered);
}

TEST(DetectLabelKind, GoesByNameAndContent) {
  const TemporaryFolder folder;
  EXPECT_EQ(detect_label_kind("none"), LabelKind::none);
  EXPECT_EQ(detect_label_kind("labels.CSV"), LabelKind::csv);
  EXPECT_EQ(detect_label_kind("metadata.parquet"), LabelKind::parquet);
  std::filesystem::create_directories(folder.path() / "v1" / "P_1_2");
  write_file(folder.path() / "v1" / "P_1_2" / "P_1_2_labels_metadata.json", "{}", Durability::rename_only);
  EXPECT_EQ(detect_label_kind((folder.path() / "v1").string()), LabelKind::bigearthnet);
  write_file(folder.path() / "areas.geojson", R"({"type":"FeatureCollection","features":[{"type":"Feature",
    "properties":{"code":"311"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]})",
             Durability::rename_only);
  EXPECT_EQ(detect_label_kind((folder.path() / "areas.geojson").string()), LabelKind::vector);
  EXPECT_THROW(detect_label_kind((folder.path() / "absent.tif").string()), Error);
  EXPECT_THROW(detect_label_kind(folder.path().string()), Error);
}

}  // namespace
}  // namespace eoshard::ingest
