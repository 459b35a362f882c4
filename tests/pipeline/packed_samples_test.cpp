#include "libingest/pipeline/packed_samples.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "libingest/core/error.hpp"
#include "libingest/pipeline/name_table.hpp"
#include "libingest/pipeline/packed_arrays.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

const ArchiveLayout& layout() {
  static const ArchiveLayout made = [] {
    ArchiveLayout layout;
    layout.arrays = {{"data_10m", 10, {"B02", "B08"}, 4, 2, ArchiveArray::Content::reflectance},
                     {"data_20m", 20, {"B05"}, 2, 2, ArchiveArray::Content::reflectance},
                     {"label_map", 10, {"CLC"}, 4, 2, ArchiveArray::Content::label_map}};
    return layout;
  }();
  return made;
}

PackOptions options_with(std::vector<std::string> bands, const std::string& upsample = "") {
  PackOptions options;
  options.bands = std::move(bands);
  options.upsample = upsample;
  return options;
}

// Every value of a sample is its plane's number times ten, plus `value`.
DecodedSample sample_of(std::uint16_t value) {
  DecodedSample sample;
  std::uint16_t plane = 0;
  for (const ArchiveArray& array : layout().arrays) {
    std::vector<std::uint16_t> values;
    for (std::size_t band = 0; band < array.bands.size(); ++band, ++plane)
      values.insert(values.end(), std::size_t(array.side_px * array.side_px),
                    static_cast<std::uint16_t>(10 * plane + value));
    const auto bytes = std::as_bytes(std::span(values));
    sample.arrays.emplace_back(bytes.begin(), bytes.end());
  }
  return sample;
}

TEST(PackedArrays, HoldTheChosenBands) {
  const auto arrays = packed_arrays(layout(), options_with({"B08", "B05"}, "nearest"));
  ASSERT_EQ(arrays.size(), 4u);
  EXPECT_EQ(arrays[0].image.bands, std::vector<std::string>{"B08"});
  EXPECT_EQ(arrays[2].image.name, "data_super");
  EXPECT_EQ(arrays[2].image.bands, (std::vector<std::string>{"B05", "B08"}));  // the cube's order
  EXPECT_EQ(arrays[2].image.sample_shape, (std::vector<std::int64_t>{2, 4, 4}));
  EXPECT_EQ(arrays[3].image.role, ArrayRole::label_map);
  EXPECT_THROW(packed_arrays(layout(), options_with({"B10"})), Error);
  const auto bands = statistics_bands(arrays);
  ASSERT_EQ(bands.size(), 2u);
  EXPECT_EQ(bands[0].name, "B05");
}

TEST(PackedArrays, PicturesCannotBeUpsampled) {
  ArchiveLayout pictures;
  pictures.arrays = {{"data", 0, {"R", "G", "B"}, 8, 1, ArchiveArray::Content::reflectance}};
  EXPECT_EQ(packed_arrays(pictures, options_with({})).front().image.dtype, "uint8");
  EXPECT_THROW(packed_arrays(pictures, options_with({}, "bilinear")), Error);
}

TEST(SampleEncoder, CutsBandsAndUpsamples) {
  const auto arrays = packed_arrays(layout(), options_with({"B08", "B05"}, "nearest"));
  SampleEncoder encoder(layout(), arrays, UpsampleMethod::nearest);
  EncodedSample encoded;
  encoder.encode(sample_of(3), encoded);
  ChunkDecoder decoder(ChunkCodec::blosc_zstd_u16);
  std::vector<std::uint16_t> b08(16), cube(32);
  decoder.decode(encoded.chunks[0], std::as_writable_bytes(std::span(b08)));
  EXPECT_EQ(b08, std::vector<std::uint16_t>(16, 13));
  decoder.decode(encoded.chunks[2], std::as_writable_bytes(std::span(cube)));
  EXPECT_EQ(cube.front(), 23);
  EXPECT_EQ(cube.back(), 13);
  EXPECT_EQ(encoded.moments[0].sum, 4u * 23);
  EXPECT_EQ(encoded.moments[1].sum_of_squares, 16u * 13 * 13);
}

class Parts : public ::testing::Test {
 protected:
  // A sample's class and values are the key's last digit.
  fs::path write(int number, int split, const std::vector<std::string>& keys) {
    SampleEncoder encoder(layout(), arrays_, UpsampleMethod::nearest);
    const fs::path tally = folder_.path() / (std::to_string(number) + ".samples.part");
    SamplePartWriter part(tally, arrays_, split);
    EncodedSample encoded;
    for (const std::string& key : keys) {
      const int digit = key.back() - '0';
      encoder.encode(sample_of(static_cast<std::uint16_t>(digit)), encoded);
      part.append(key, std::uint64_t{1} << digit, key + "'s row\n", encoded);
    }
    part.leave_out({"left_" + std::to_string(number), "no_label", ""});
    part.close();
    return tally;
  }

  // First value of each sample of data_20m.
  std::vector<std::uint16_t> firsts(PackedSamples& samples, std::size_t split) {
    ChunkDecoder decoder(ChunkCodec::blosc_zstd_u16);
    std::vector<std::uint16_t> values(4), found;
    samples.visit_chunks(split, 1, 0, samples.samples(split), [&](std::span<const std::byte> chunk) {
      decoder.decode(chunk, std::as_writable_bytes(std::span(values)));
      found.push_back(values.front());
    });
    return found;
  }

  TemporaryFolder folder_;
  std::vector<PackedArray> arrays_ = packed_arrays(layout(), options_with({}));
};

TEST_F(Parts, AreReadInTheOrderOfKeys) {
  PackedSamples samples(
      {write(1, 0, {"patch_3", "patch_1"}), write(2, 0, {"patch_2"}), write(3, 2, {"patch_4", "patch_5"})},
      images_of(arrays_), 6);
  EXPECT_EQ(samples.samples(0), 3);
  EXPECT_EQ(samples.samples(1), 0);
  EXPECT_EQ(samples.samples(2), 2);
  std::vector<std::string> rows;
  samples.visit_rows(0, [&](std::int64_t index, std::string_view key, std::string_view row) {
    rows.push_back(std::to_string(index) + std::string(key) + std::string(row));
  });
  EXPECT_EQ(rows, (std::vector<std::string>{"0patch_1patch_1's row\n", "1patch_2patch_2's row\n",
                                            "2patch_3patch_3's row\n"}));
  EXPECT_EQ(samples.class_counts(2), (std::vector<std::uint64_t>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(samples.left_out().size(), 3u);
  EXPECT_EQ(firsts(samples, 0), (std::vector<std::uint16_t>{21, 22, 23}));
  EXPECT_EQ(static_cast<std::uint64_t>(samples.moments(2)[0].sum), 16u * (4 + 5));
  const auto ids = samples.row_values(2, patch_id_spec(), 0, 2);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(ids.data()), 7), "patch_4");
}

TEST_F(Parts, AreDraftsWhereTheirOrderIsThatOfAShard) {
  PackedSamples samples({write(1, 0, {"patch_3", "patch_1"}), write(2, 2, {"patch_4", "patch_5"})}, images_of(arrays_),
                        6);
  EXPECT_FALSE(samples.draft_of(0, 1, 0, 2));  // in another order
  EXPECT_FALSE(samples.draft_of(2, 1, 0, 1));  // there is more in it
  EXPECT_EQ(samples.draft_of(2, 1, 0, 2), folder_.path() / "2.data_20m.part");
}

TEST_F(Parts, TheSameSampleTwiceIsAnError) {
  const std::vector<fs::path> paths = {write(1, 0, {"patch_1"}), write(2, 0, {"patch_1"})};
  EXPECT_THROW(PackedSamples(paths, images_of(arrays_), 6), Error);
}

TEST_F(Parts, DamageIsNoticed) {
  const fs::path tally = write(1, 0, {"patch_1", "patch_2"});
  EXPECT_TRUE(is_part_whole(tally, arrays_));
  const fs::path rows = write(2, 0, {"patch_3"});  // they come first in the tally
  std::fstream(rows, std::ios::in | std::ios::out | std::ios::binary).put('?');
  EXPECT_FALSE(is_part_whole(rows, arrays_));
  const fs::path shard = part_array_file(tally, "data_20m");
  std::fstream(shard, std::ios::in | std::ios::out | std::ios::binary).put('?');
  EXPECT_FALSE(is_part_whole(tally, arrays_));
  fs::remove(shard);
  EXPECT_FALSE(is_part_whole(tally, arrays_));
  fs::resize_file(tally, fs::file_size(tally) - 30);
  EXPECT_THROW(read_sample_part(tally), Error);
}

TEST(NameTable, FindsWhatWasAddedAndTellsRepeats) {
  NameTable<int> table;
  table.add("b", 2);
  table.add("a", 1);
  table.add("b", 3);
  int repeats = 0;
  table.finish([&](std::string_view name, int& first, const int& other) {
    EXPECT_EQ(name, "b");
    EXPECT_EQ(first, 2);
    EXPECT_EQ(other, 3);
    ++repeats;
  });
  EXPECT_EQ(repeats, 1);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(*table.find("a"), 1);
  EXPECT_EQ(table.find("c"), nullptr);
}

}  // namespace
}  // namespace eoshard::ingest
