#include "tests/support/synthetic_dataset.hpp"

#include <algorithm>
#include <cmath>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"
#include "libingest/shard/shard_writer.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLabelDraw = 1000, kPixelDraw = 2000;
constexpr std::size_t kLabelBits = 61;  // of a draw; prime, so that classes beyond the eighth take other bits

std::uint64_t sample_key(std::size_t split, std::int64_t sample) {
  return split * 1'000'000 + static_cast<std::uint64_t>(sample);
}

std::vector<std::uint8_t> labels_of(const SyntheticDataset& wanted, std::size_t split, std::int64_t sample) {
  const std::uint64_t bits = random_bits(wanted.seed, kLabelDraw, sample_key(split, sample));
  std::vector<std::uint8_t> labels(wanted.classes, 0);
  if (wanted.task == "single-label") {
    labels[bits % wanted.classes] = 1;
    return labels;
  }
  for (std::size_t index = 0; index < wanted.classes; ++index) labels[index] = (bits >> (8 * index % kLabelBits)) % 2;
  if (std::find(labels.begin(), labels.end(), 1) == labels.end()) labels[bits % wanted.classes] = 1;
  return labels;
}

std::size_t band_number(const SyntheticDataset& wanted, std::size_t array, std::size_t band) {
  std::size_t before = 0;
  for (std::size_t other = 0; other < array; ++other) before += wanted.arrays[other].bands.size();
  return before + band;
}

// Running sums of one band of one split.
struct Sums {
  std::uint64_t pixels = 0, sum = 0, squares = 0;
  std::uint32_t minimum = 65535, maximum = 0;

  void add(std::uint16_t value) {
    ++pixels;
    sum += value;
    squares += std::uint64_t{value} * value;
    minimum = std::min<std::uint32_t>(minimum, value);
    maximum = std::max<std::uint32_t>(maximum, value);
  }

  BandStatistics statistics(const std::string& band) const {
    if (pixels == 0) return {band, 0, 0, 0, 0, 0, "0", "0"};
    const double count = static_cast<double>(pixels), mean = static_cast<double>(sum) / count;
    return {band,
            pixels,
            minimum,
            maximum,
            mean,
            std::sqrt(static_cast<double>(squares) / count - mean * mean),
            std::to_string(sum),
            std::to_string(squares)};
  }
};

void write_image_array(const fs::path& folder, const SyntheticDataset& wanted, std::size_t split, std::int64_t samples,
                       std::size_t array, std::vector<Sums>& sums) {
  const ImageArray& image = wanted.arrays[array];
  const ArraySpec spec = image_spec(image);
  fs::create_directories(folder / image.name);
  ChunkEncoder encoder(spec.codec);
  sums.assign(image.bands.size(), {});
  for (std::int64_t shard = 0; shard < shard_count(samples); ++shard) {
    ShardWriter writer(folder / image.name, spec, shard);
    for (std::int64_t sample = shard * kShardSamples; sample < std::min(samples, (shard + 1) * kShardSamples);
         ++sample) {
      const std::vector<std::uint16_t> values = synthetic_values(wanted, split, sample, array);
      const std::size_t plane = values.size() / image.bands.size();
      for (std::size_t index = 0; index < values.size(); ++index) sums[index / plane].add(values[index]);
      const std::vector<std::uint8_t> bytes(values.begin(), values.end());
      writer.append(
          encoder.encode(image.dtype == "uint16" ? std::as_bytes(std::span(values)) : std::as_bytes(std::span(bytes))));
    }
    writer.close();
  }
  write_file(folder / image.name / "zarr.json", zarr_array_metadata(spec, samples), Durability::rename_only);
}

// An array with a chunk a shard; `rows` holds samples × row bytes.
void write_row_array(const fs::path& folder, const ArraySpec& spec, std::int64_t samples,
                     std::vector<std::uint8_t> rows) {
  fs::create_directories(folder / spec.name);
  ChunkEncoder encoder(spec.codec);
  const std::size_t shard_bytes = spec.sample_bytes() * static_cast<std::size_t>(kShardSamples);
  rows.resize(static_cast<std::size_t>(shard_count(samples)) * shard_bytes);
  for (std::int64_t shard = 0; shard < shard_count(samples); ++shard) {
    ShardWriter writer(folder / spec.name, spec, shard);
    const auto part = std::span(rows).subspan(static_cast<std::size_t>(shard) * shard_bytes, shard_bytes);
    writer.append(encoder.encode(std::as_bytes(part)));
    writer.close();
  }
  write_file(folder / spec.name / "zarr.json", zarr_array_metadata(spec, samples), Durability::rename_only);
}

void write_labels(const fs::path& folder, const SyntheticDataset& wanted, std::size_t split, std::int64_t samples,
                  Split& summary) {
  std::vector<std::uint8_t> all;
  summary.class_counts.assign(wanted.classes, 0);
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    const std::vector<std::uint8_t> labels = labels_of(wanted, split, sample);
    for (std::size_t index = 0; index < labels.size(); ++index) summary.class_counts[index] += labels[index];
    all.insert(all.end(), labels.begin(), labels.end());
  }
  write_row_array(folder, classes_spec(wanted.classes), samples, std::move(all));
}

void write_ids(const fs::path& folder, const std::string& split, std::int64_t samples) {
  std::vector<std::uint8_t> all;
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    std::string id = "S2A_SYNTHETIC_" + split + "_" + std::to_string(sample);
    id.resize(kPatchIdBytes);
    all.insert(all.end(), id.begin(), id.end());
  }
  write_row_array(folder, patch_id_spec(), samples, std::move(all));
}

Split write_split(const fs::path& dataset, const SyntheticDataset& wanted, std::size_t split, std::int64_t samples) {
  const std::string name(kSplitNames[split]);
  const fs::path folder = split_folder(dataset, name);
  fs::create_directories(folder);
  write_file(folder / "zarr.json", zarr_group_metadata("{}"), Durability::rename_only);
  Split summary{name, samples, {}, {}};
  for (std::size_t array = 0; array < wanted.arrays.size(); ++array) {
    std::vector<Sums> sums;
    write_image_array(folder, wanted, split, samples, array, sums);
    for (std::size_t band = 0; band < sums.size(); ++band) {
      summary.statistics.push_back(sums[band].statistics(wanted.arrays[array].bands[band]));
    }
  }
  write_labels(folder, wanted, split, samples, summary);
  write_ids(folder, name, samples);
  return summary;
}

}  // namespace

std::vector<ImageArray> sentinel_arrays(std::int64_t side) {
  std::vector<ImageArray> arrays;
  for (const ResolutionGroup& group : resolution_groups()) {
    ImageArray array{group.array_name, group.resolution_m, {}, {}, "uint16"};
    for (const BandInfo& band : group.bands) array.bands.emplace_back(band.name);
    const std::int64_t pixels = side * kFinestResolutionM / group.resolution_m;
    array.sample_shape = {static_cast<std::int64_t>(array.bands.size()), pixels, pixels};
    arrays.push_back(std::move(array));
  }
  return arrays;
}

std::vector<std::uint16_t> synthetic_values(const SyntheticDataset& wanted, std::size_t split, std::int64_t sample,
                                            std::size_t array) {
  const ImageArray& image = wanted.arrays[array];
  const std::vector<std::uint8_t> labels = labels_of(wanted, split, sample);
  const bool is_u16 = image.dtype == "uint16";
  const auto plane = static_cast<std::size_t>(image.sample_shape[1] * image.sample_shape[2]);
  std::vector<std::uint16_t> values;
  for (std::size_t band = 0; band < image.bands.size(); ++band) {
    const std::size_t number = band_number(wanted, array, band);
    const unsigned lift = labels[number % wanted.classes] != 0 ? (is_u16 ? 900 : 80) : 0;
    const std::uint64_t occasion = kPixelDraw + sample_key(split, sample);
    for (std::size_t pixel = 0; pixel < plane; ++pixel) {
      const std::uint64_t noise = random_bits(wanted.seed, occasion, number * 1'000'000 + pixel);
      values.push_back(static_cast<std::uint16_t>((is_u16 ? 300 : 20) + lift + noise % (is_u16 ? 1200 : 120)));
    }
  }
  return values;
}

void write_synthetic_dataset(const fs::path& folder, const SyntheticDataset& given) {
  SyntheticDataset wanted = given;
  if (wanted.arrays.empty()) wanted.arrays = sentinel_arrays(120);
  DatasetManifest manifest;
  manifest.program = "synthetic_dataset";
  manifest.version = "1";
  manifest.command_line = "synthetic_dataset";
  manifest.task = wanted.task;
  manifest.nomenclature = "synthetic";
  for (std::size_t index = 0; index < wanted.classes; ++index)
    manifest.classes.push_back("class " + std::to_string(index));
  manifest.arrays = wanted.arrays;
  manifest.split_rule = "as asked for";
  manifest.seed = wanted.seed;
  const std::int64_t samples[] = {wanted.train, wanted.validation, wanted.test};
  for (std::size_t split = 0; split < kSplitNames.size(); ++split) {
    manifest.splits.push_back(write_split(folder, wanted, split, samples[split]));
  }
  write_file(folder / kManifestName, manifest_text(manifest), Durability::rename_only);
}

}  // namespace eoshard::ingest
