// One pass from a sample's stored grids to the network's input: upsample, normalise, flip and turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libtrain/data/input_spec.hpp"
#include "libtrain/data/pixel_lines.hpp"
#include "libtrain/data/pixel_type.hpp"
#include "libtrain/data/sample_maker.hpp"

namespace eoshard::train {

/// Draws for one sample of one epoch; what is not augmented stays as stored.
Orientation draw_orientation(bool is_flipped, bool is_turned, std::uint64_t seed, std::int64_t epoch,
                             std::int64_t sample);

/// How the values of one sample follow each other: band after band, or all bands of a pixel together.
enum class PixelLayout { planar, channels_last };

/// Thread-safe: the scratch memory belongs to the caller.
class InputTransform final : public SampleMaker {
 public:
  InputTransform(const InputSpec& spec, PixelLayout layout, PixelType type = PixelType::float32);

  std::size_t bytes() const override {
    return channels_.size() * static_cast<std::size_t>(rows_ * columns_) * pixel_bytes(type_);
  }

  /// `arrays[i]` holds the decoded sample of spec.arrays[i]; `out` becomes (bands, rows, columns) in this transform's
  /// layout and type, zero mean and unit deviation over the training split. Upsampling is spec.upsample's, between
  /// pixel centres, as torch's interpolate(align_corners = false). Values are computed in float32 and rounded last.
  void apply(std::span<const std::span<const std::byte>> arrays, Orientation orientation, std::span<std::byte> out,
             std::vector<float>& scratch) const override;

 private:
  struct Grid {
    bool is_u16;
    std::int64_t rows, columns;
    bool is_finest;  // of the output's rows and columns: no line is blended or widened
    InterpolationAxis row_axis, column_axis;
  };
  struct Channel {
    std::size_t array;
    std::int64_t index;
    float scale, offset;     // normalised = stored · scale + offset
    std::size_t widened_at;  // in the scratch: the band's lines, normalised and as long as the output's; if not finest
  };
  /// Address of the value at (row, column) before orientation = first + row · row_step + column · column_step.
  struct Walk {
    std::int64_t first, row_step, column_step;
  };

  Walk walk(Orientation orientation) const;
  template <class Value>
  void normalise_line(std::span<const std::byte> array, const Channel& channel, std::int64_t row,
                      std::span<Value> out) const;
  void widen_band(std::span<const std::byte> array, const Channel& channel, std::span<float> scratch) const;
  template <class Value>
  void make_line(std::span<const std::byte> array, const Channel& channel, std::size_t row,
                 std::span<const float> scratch, std::span<Value> out) const;
  template <class Value>
  void place_lines(std::span<const Value> lines, const PixelPlace<Value>& place) const;
  template <class Value>
  void make(std::span<const std::span<const std::byte>> arrays, Orientation orientation, Value* out,
            std::span<float> scratch) const;

  std::vector<Grid> grids_;        // one an array
  std::vector<Channel> channels_;  // one an input band
  std::int64_t rows_, columns_;
  PixelType type_;
  std::int64_t band_step_, row_step_, column_step_;  // of the output
  std::size_t scratch_values_ = 0;  // widened bands, a padded line, and lines of kPlacedRows rows of every band
  std::size_t padded_at_ = 0, lines_at_ = 0;  // the latter two in it
};

}  // namespace eoshard::train
