#include "libtrain/data/transform.hpp"

#include <algorithm>
#include <utility>

#include "libtrain/data/random_draws.hpp"

namespace eoshard::train {

Orientation draw_orientation(bool is_flipped, bool is_turned, std::uint64_t seed, std::int64_t epoch,
                             std::int64_t sample) {
  Orientation orientation;
  if (is_flipped) {
    orientation.flip_rows = draw_below(2, seed, epoch, sample, Purpose::flip_rows) == 1;
    orientation.flip_columns = draw_below(2, seed, epoch, sample, Purpose::flip_columns) == 1;
  }
  if (is_turned) {
    orientation.quarter_turns = static_cast<int>(draw_below(4, seed, epoch, sample, Purpose::quarter_turns));
  }
  return orientation;
}

InputTransform::InputTransform(const InputSpec& spec, PixelLayout layout) : rows_(spec.rows), columns_(spec.columns) {
  for (const ingest::ImageArray& array : spec.arrays) {
    const std::int64_t rows = array.sample_shape.at(1), columns = array.sample_shape.at(2);
    grids_.push_back({array.dtype == "uint16", rows, columns, interpolation_axis(rows, rows_),
                      interpolation_axis(columns, columns_)});
  }
  for (const InputBand& band : spec.bands) {
    channels_.push_back({band.array, band.index, static_cast<float>(1 / band.standard_deviation),
                         static_cast<float>(-band.mean / band.standard_deviation)});
  }
  const auto bands = static_cast<std::int64_t>(channels_.size());
  const bool is_planar = layout == PixelLayout::planar;
  band_step_ = is_planar ? rows_ * columns_ : 1;
  column_step_ = is_planar ? 1 : bands;
  row_step_ = columns_ * column_step_;
}

// Source coordinate of a fine pixel's centre: (fine + 0.5) · coarse / fine_count - 0.5, clamped at the first centre
// (ATen, UpSample.h, area_pixel_compute_source_index).
InputTransform::Axis InputTransform::interpolation_axis(std::int64_t coarse, std::int64_t fine) {
  Axis axis;
  const double scale = static_cast<double>(coarse) / static_cast<double>(fine);
  for (std::int64_t position = 0; position < fine; ++position) {
    const double source = std::max(0.0, (static_cast<double>(position) + 0.5) * scale - 0.5);
    const auto low = std::min(static_cast<std::int64_t>(source), coarse - 1);
    axis.low.push_back(static_cast<std::int32_t>(low));
    axis.high.push_back(static_cast<std::int32_t>(std::min(low + 1, coarse - 1)));
    axis.weight.push_back(static_cast<float>(source - static_cast<double>(low)));
  }
  return axis;
}

// Follows a pixel (row, column) through the flips, then one quarter turn after another: (row, column) goes to
// (last - column, row).
InputTransform::Walk InputTransform::walk(Orientation orientation) const {
  const auto place = [&](std::int64_t row, std::int64_t column) {
    if (orientation.flip_rows) row = rows_ - 1 - row;
    if (orientation.flip_columns) column = columns_ - 1 - column;
    for (int turn = 0; turn < orientation.quarter_turns; ++turn) {
      const std::int64_t last = (turn % 2 == 0 ? columns_ : rows_) - 1;
      row = std::exchange(column, row);
      row = last - row;
    }
    return row * row_step_ + column * column_step_;
  };
  const std::int64_t first = place(0, 0);
  return {first, place(1, 0) - first, place(0, 1) - first};
}

template <class Stored>
void InputTransform::interpolate_row(const Stored* band, const Grid& grid, std::size_t row, const Channel& channel,
                                     std::span<float> coarse, std::span<float> fine) const {
  const Stored* low = band + grid.row_axis.low[row] * grid.columns;
  const Stored* high = band + grid.row_axis.high[row] * grid.columns;
  const float weight = grid.row_axis.weight[row];
  for (std::int64_t column = 0; column < grid.columns; ++column) {
    const float value = (1 - weight) * static_cast<float>(low[column]) + weight * static_cast<float>(high[column]);
    coarse[static_cast<std::size_t>(column)] = value * channel.scale + channel.offset;
  }
  if (grid.columns == columns_) {
    std::copy_n(coarse.begin(), columns_, fine.begin());
    return;
  }
  const Axis& axis = grid.column_axis;
  for (std::size_t column = 0; column < fine.size(); ++column) {
    const float left = coarse[static_cast<std::size_t>(axis.low[column])];
    const float right = coarse[static_cast<std::size_t>(axis.high[column])];
    fine[column] = left + axis.weight[column] * (right - left);
  }
}

void InputTransform::apply(std::span<const std::vector<std::byte>> arrays, Orientation orientation,
                           std::span<float> out, std::vector<float>& scratch) const {
  scratch.resize(static_cast<std::size_t>(2 * columns_));
  const std::span<float> coarse(scratch.data(), static_cast<std::size_t>(columns_));
  const std::span<float> fine(scratch.data() + columns_, static_cast<std::size_t>(columns_));
  const Walk steps = walk(orientation);
  for (std::int64_t row = 0; row < rows_; ++row) {
    for (std::size_t band = 0; band < channels_.size(); ++band) {
      const Channel& channel = channels_[band];
      const Grid& grid = grids_[channel.array];
      const std::byte* data = arrays[channel.array].data();
      const std::int64_t start = channel.index * grid.rows * grid.columns;
      const auto line = static_cast<std::size_t>(row);
      if (grid.is_u16) {
        interpolate_row(reinterpret_cast<const std::uint16_t*>(data) + start, grid, line, channel, coarse, fine);
      } else {
        interpolate_row(reinterpret_cast<const std::uint8_t*>(data) + start, grid, line, channel, coarse, fine);
      }
      float* to = out.data() + static_cast<std::int64_t>(band) * band_step_ + steps.first + row * steps.row_step;
      for (std::int64_t column = 0; column < columns_; ++column)
        to[column * steps.column_step] = fine[static_cast<std::size_t>(column)];
    }
  }
}

}  // namespace eoshard::train
