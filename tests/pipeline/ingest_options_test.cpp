#include "libingest/pipeline/ingest_options.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

IngestOptions example() {
  IngestOptions options;
  options.sources = {"/data/b.SAFE", "/data/a.SAFE"};
  options.bands = {"B02", "B03"};
  options.upsample = "bilinear";
  options.no_native = true;
  options.raw_dn = true;
  options.keep_zero_pixels = true;
  options.label_map = true;
  options.labels = "/data/clc.tif";
  options.label_layer = "clc";
  options.label_attribute = "CODE_18";
  options.nomenclature = "corine-44";
  options.min_class_percent = 5;
  options.thresholds = {1, 2, 3, 4, 5, 60, 70, std::nullopt};
  options.exclude_lists = {"/data/snow.csv.bz2", "/data/cloud.csv.bz2"};
  options.v2_metadata = {"/data/metadata.parquet"};
  options.split = "random:50/25/25";
  options.seed = 9;
  options.append = true;
  options.formats = {true, true, Hdf5Layout::single, Hdf5Compression::none};
  return options;
}

TEST(IngestOptions, ConfigurationRoundTripKeepsEveryOption) {
  const std::string text = configuration_json(example());
  EXPECT_EQ(configuration_json(parse_configuration(text)), text);
}

TEST(IngestOptions, EveryShapingOptionShows) {
  const std::string text = configuration_json(example());
  const auto changed = [&](auto change) {
    IngestOptions options = example();
    change(options);
    return configuration_json(options) != text;
  };
  EXPECT_TRUE(changed([](IngestOptions& options) { options.sources.pop_back(); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.bands.pop_back(); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.upsample = "bicubic"; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.no_native = false; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.raw_dn = false; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.keep_zero_pixels = false; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.label_map = false; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.check_source = true; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.labels = "/data/other.tif"; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.label_layer = "other"; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.label_attribute = "CODE_12"; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.nomenclature = "bigearthnet-19"; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.min_class_percent = 6; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.max_nodata_percent = 0; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.max_cloud_percent = 0; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.max_shadow_percent.reset(); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.max_snow_percent = 0; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.max_saturated_percent = 0; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.min_labelled_percent = 0; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.cloud_probability.reset(); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.thresholds.snow_probability = 80; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.exclude_lists.pop_back(); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.include_lists.push_back("/data/all.csv"); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.v2_metadata.clear(); }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.split = "random:70/15/15"; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.seed = 0; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.formats.hdf5 = false; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.formats.hdf5_layout = Hdf5Layout::shards; }));
  EXPECT_TRUE(changed([](IngestOptions& options) { options.formats.hdf5_compression = Hdf5Compression::zstd; }));
}

TEST(IngestOptions, OrderOutputAndThreadsDoNotCount) {
  IngestOptions options = example();
  std::swap(options.sources[0], options.sources[1]);
  options.out = "elsewhere";
  options.threads = 7;
  options.overwrite = true;
  EXPECT_EQ(configuration_json(options), configuration_json(example()));
}

TEST(IngestOptions, ListsOfSplitsMeanTheSameFromAnyFolder) {
  IngestOptions options = example();
  options.split = "lists:train.csv,,/data/test.csv";
  const auto here = std::filesystem::weakly_canonical("train.csv").string();
  EXPECT_EQ(parse_configuration(configuration_json(options)).split, "lists:" + here + ",,/data/test.csv");
}

TEST(IngestOptions, PathsThatAreNoUtf8ComeBack) {
  IngestOptions options = example();
  options.sources = {"/data/caf\xe9.SAFE", "/data/a\\b.SAFE"};
  options.labels = "/data/\xff.tif";
  const IngestOptions read = parse_configuration(configuration_json(options));
  EXPECT_EQ(read.sources, (std::vector<std::string>{"/data/a\\b.SAFE", "/data/caf\xe9.SAFE"}));
  EXPECT_EQ(read.labels, options.labels);
  options.sources[0] = "/data/caf\xe8.SAFE";
  EXPECT_NE(configuration_json(options), configuration_json(read));
}

TEST(IngestOptions, DamageIsAnError) { EXPECT_THROW(parse_configuration("{}"), Error); }

}  // namespace
}  // namespace eoshard::ingest
