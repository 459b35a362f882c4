// What a GPU needs to make a batch of stored samples itself: how their bytes lie, and the tables of pixel_value.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libtrain/data/input_spec.hpp"
#include "libtrain/data/pixel_value.hpp"
#include "libtrain/data/sample_maker.hpp"
#include "libtrain/data/transform.hpp"

namespace eoshard::train {

/// A sample's arrays as they are stored, one after another, each beginning at a multiple of 16 bytes.
class StoredLayout {
 public:
  explicit StoredLayout(const InputSpec& spec);
  std::size_t bytes() const { return bytes_; }  ///< of a sample, a multiple of 16
  std::size_t offset(std::size_t array) const { return offsets_[array]; }

 private:
  std::vector<std::size_t> offsets_;
  std::size_t bytes_ = 0;
};

/// Leaves samples as they are stored: what the loader hands on is their bytes.
class StoredSamples final : public SampleMaker {
 public:
  explicit StoredSamples(StoredLayout layout) : layout_(std::move(layout)) {}
  std::size_t bytes() const override { return layout_.bytes(); }
  void apply(std::span<const std::span<const std::byte>> arrays, Orientation orientation, std::span<std::byte> out,
             std::vector<float>& scratch) const override;

 private:
  StoredLayout layout_;
};

PixelTableData make_pixel_tables(const InputSpec& spec);

/// Where a sample's output pixels come from.
PlacedSample orient(const std::byte* stored, Orientation orientation, std::int64_t rows, std::int64_t columns);

}  // namespace eoshard::train
