#include "libingest/archive/archive_source.hpp"

#include <gtest/gtest.h>

namespace eoshard::ingest {
namespace {

TEST(ArchiveLayout, TravelsAsText) {
  ArchiveLayout layout;
  layout.arrays = {{"data", 1, {"R", "G", "B", "NIR"}, 28, 1, ArchiveArray::Content::reflectance},
                   {"label_map", 10, {"CLC"}, 120, 2, ArchiveArray::Content::label_map}};
  layout.task = LabelTask::single_label;
  layout.nomenclature = "sat-4";
  layout.classes = {"barren land", "trees"};
  layout.columns = {"acquired"};
  layout.quantification_value = 255;
  const ArchiveLayout copy = parse_layout(layout_text(layout));
  EXPECT_EQ(layout_text(copy), layout_text(layout));
  EXPECT_EQ(copy.arrays.at(0).sample_bytes(), 4u * 28 * 28);
  EXPECT_EQ(copy.arrays.at(1).content, ArchiveArray::Content::label_map);
  EXPECT_EQ(copy.task, LabelTask::single_label);
  EXPECT_EQ(copy.classes, layout.classes);
}

}  // namespace
}  // namespace eoshard::ingest
