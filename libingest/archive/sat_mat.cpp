#include "libingest/archive/sat_mat.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "libingest/archive/mat_array.hpp"
#include "libingest/archive/sat_annotations.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Sizes = std::vector<std::size_t>;

constexpr std::array<std::size_t, 2> kSplits = {0, 2};  // train and test, of kSplitNames
constexpr std::size_t kBlockSamples = 1024;

// MATLAB drops trailing dimensions of one: a single sample is an array of rank 3 or a column.
Sizes with_rank(Sizes sizes, std::size_t rank) {
  sizes.resize(std::max(rank, sizes.size()), 1);
  return sizes;
}

// One split: its images a block at a time, its labels at once.
class SatMatSplit {
 public:
  SatMatSplit(const SatDataset& dataset, const std::filesystem::path& file, std::size_t split)
      : images_(file, fmt::format("{}_x", kSplitNames[split])), classes_(dataset.classes.size()) {
    MatArray labels(file, fmt::format("{}_y", kSplitNames[split]));
    const Sizes image_sizes = with_rank(images_.dimensions(), 4), label_sizes = with_rank(labels.dimensions(), 2);
    samples_ = image_sizes.back();
    const auto side = std::size_t{kSatSidePx};
    if (image_sizes != Sizes{side, side, kSatBands, samples_} || label_sizes != Sizes{classes_, samples_}) {
      throw Error(ErrorKind::input,
                  fmt::format("{0}: {1}_x is {2} and {1}_y {3}, but {4} is {5}x{5}x{6}xN and {7}xN; sat4 and sat6 read "
                              "one dataset each",
                              file.string(), kSplitNames[split], fmt::join(image_sizes, "x"),
                              fmt::join(label_sizes, "x"), dataset.name, side, kSatBands, classes_));
    }
    labels_ = labels.read_numbers();
  }

  std::size_t samples() const { return samples_; }

  std::string_view image(std::size_t sample) {
    if (sample < block_begin_ || sample >= block_begin_ + block_.size() / kSatSampleValues) fill_block(sample);
    const auto* const bytes = reinterpret_cast<const char*>(block_.data());
    return {bytes + (sample - block_begin_) * kSatSampleValues, kSatSampleValues};
  }

  // As it is in memory: a double a class.
  std::string_view label(std::size_t sample) const {
    const auto* const first = reinterpret_cast<const char*>(labels_.data() + sample * classes_);
    return {first, classes_ * sizeof(double)};
  }

 private:
  void fill_block(std::size_t sample) {
    block_begin_ = sample;
    block_.resize(std::min(kBlockSamples, samples_ - sample) * kSatSampleValues);
    images_.read_bytes(sample * kSatSampleValues, block_);
  }

  MatArray images_;
  std::size_t classes_ = 0;
  std::size_t samples_ = 0;
  std::vector<double> labels_;
  std::vector<std::uint8_t> block_;
  std::size_t block_begin_ = 0;
};

// (column, row) of the file to (row, column); planes stay as they are.
void transpose_planes(std::string_view file_order, std::vector<std::byte>& out) {
  constexpr auto kSide = std::size_t{kSatSidePx};
  out.resize(kSatSampleValues);
  for (std::size_t band = 0; band < kSatBands; ++band) {
    const char* const from = file_order.data() + band * kSatPlaneValues;
    std::byte* const plane = out.data() + band * kSatPlaneValues;
    for (std::size_t row = 0; row < kSide; ++row) {
      for (std::size_t column = 0; column < kSide; ++column) {
        plane[row * kSide + column] = static_cast<std::byte>(from[column * kSide + row]);
      }
    }
  }
}

class SatMat final : public ArchiveStream {
 public:
  SatMat(const SatDataset& dataset, std::filesystem::path file) : dataset_(dataset), file_(std::move(file)) {}

  ArchiveLayout survey() override {
    for (std::size_t part = 0; part < kSplits.size(); ++part) parts_[part].emplace(dataset_, file_, kSplits[part]);
    return sat_layout(dataset_, sat_class_order(dataset_, file_.parent_path()));
  }

  bool next(RawSample& raw, const IsWanted& is_wanted) override {
    for (; part_ < kSplits.size(); ++part_, index_ = 0) {
      for (SatMatSplit& part = *parts_[part_]; index_ < part.samples();) {
        const std::size_t sample = index_++;
        raw.key = sat_key(kSplits[part_], sample);
        if (!is_wanted(raw.key)) continue;
        fill(raw, part, sample);
        return true;
      }
    }
    return false;
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    const RawSample::Member& label = raw.members.at(1);
    std::vector<double> one_hot(label.bytes.size() / sizeof(double));
    std::memcpy(one_hot.data(), label.bytes.data(), label.bytes.size());
    sample.labels = {with_context(label.name, [&] { return sat_class(layout, one_hot); })};
    sample.fields.clear();
    sample.arrays.resize(1);
    transpose_planes(raw.members[0].bytes, sample.arrays[0]);
  }

 private:
  void fill(RawSample& raw, SatMatSplit& part, std::size_t sample) const {
    const std::string_view split = kSplitNames[kSplits[part_]];
    raw.split = static_cast<int>(kSplits[part_]);
    raw.damage.clear();
    raw.members.resize(2);
    raw.members[0].name = fmt::format("{}: {}_x, sample {}", file_.string(), split, sample + 1);
    raw.members[0].bytes = part.image(sample);
    raw.members[1].name = fmt::format("{}: {}_y, sample {}", file_.string(), split, sample + 1);
    raw.members[1].bytes = part.label(sample);
  }

  const SatDataset& dataset_;
  std::filesystem::path file_;
  std::array<std::optional<SatMatSplit>, kSplits.size()> parts_;
  std::size_t part_ = 0;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<ArchiveStream> open_sat_mat(const SatDataset& dataset, std::filesystem::path file) {
  return std::make_unique<SatMat>(dataset, std::move(file));
}

}  // namespace eoshard::ingest
