// One pass from a sample's stored grids to the network's input: upsample, normalise, flip and turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libtrain/data/input_spec.hpp"

namespace eoshard::train {

/// One of the eight symmetries of a square: flips first, then quarter turns counter-clockwise (torch::rot90's sense).
struct Orientation {
  bool flip_rows = false;     ///< upside down
  bool flip_columns = false;  ///< left to right
  int quarter_turns = 0;      ///< 0 … 3
  bool operator==(const Orientation&) const = default;
};

/// Draws for one sample of one epoch; what is not augmented stays as stored.
Orientation draw_orientation(bool is_flipped, bool is_turned, std::uint64_t seed, std::int64_t epoch,
                             std::int64_t sample);

/// How the values of one sample follow each other: band after band, or all bands of a pixel together.
enum class PixelLayout { planar, channels_last };

/// Thread-safe: the scratch memory belongs to the caller.
class InputTransform {
 public:
  InputTransform(const InputSpec& spec, PixelLayout layout);

  /// `arrays[i]` holds the decoded sample of spec.arrays[i]; `out` has spec.values() elements and becomes
  /// (bands, rows, columns) float32 in this transform's layout, zero mean and unit deviation over the training split.
  /// Upsampling is bilinear between pixel centres, as torch's interpolate(align_corners = false).
  void apply(std::span<const std::vector<std::byte>> arrays, Orientation orientation, std::span<float> out,
             std::vector<float>& scratch) const;

 private:
  /// Value at fine position p = (1 - weight[p]) · coarse[low[p]] + weight[p] · coarse[high[p]].
  struct Axis {
    std::vector<std::int32_t> low, high;
    std::vector<float> weight;
  };
  struct Channel {
    std::size_t array;
    std::int64_t index;
    float scale, offset;  // normalised = stored · scale + offset
  };
  struct Grid {
    bool is_u16;
    std::int64_t rows, columns;
    Axis row_axis, column_axis;
  };
  /// Address of the value at (row, column) before orientation = first + row · row_step + column · column_step.
  struct Walk {
    std::int64_t first, row_step, column_step;
  };

  static Axis interpolation_axis(std::int64_t coarse, std::int64_t fine);
  Walk walk(Orientation orientation) const;
  template <class Stored>
  void interpolate_row(const Stored* band, const Grid& grid, std::size_t row, const Channel& channel,
                       std::span<float> coarse, std::span<float> fine) const;

  std::vector<Grid> grids_;        // one an array
  std::vector<Channel> channels_;  // one an input band
  std::int64_t rows_, columns_;
  std::int64_t band_step_, row_step_, column_step_;  // of the output
};

}  // namespace eoshard::train
