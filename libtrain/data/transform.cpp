#include "libtrain/data/transform.hpp"

#include <algorithm>
#include <array>
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

InputTransform::InputTransform(const InputSpec& spec, PixelLayout layout, PixelType type)
    : rows_(spec.rows), columns_(spec.columns), type_(type) {
  std::int64_t longest = 0;
  for (const ingest::ImageArray& array : spec.arrays) {
    const std::int64_t rows = array.sample_shape.at(1), columns = array.sample_shape.at(2);
    grids_.push_back({array.dtype == "uint16", rows, columns, rows == rows_ && columns == columns_,
                      interpolation_axis(spec.upsample, rows, rows_),
                      interpolation_axis(spec.upsample, columns, columns_)});
    longest = std::max(longest, columns);
  }
  for (const InputBand& band : spec.bands) {
    channels_.push_back({band.array, band.index, static_cast<float>(1 / band.standard_deviation),
                         static_cast<float>(-band.mean / band.standard_deviation), scratch_values_});
    const Grid& grid = grids_[band.array];
    if (!grid.is_finest) scratch_values_ += static_cast<std::size_t>(grid.rows * columns_);
  }
  const auto bands = static_cast<std::int64_t>(channels_.size());
  padded_at_ = scratch_values_;
  lines_at_ = padded_at_ + static_cast<std::size_t>(longest + 2);
  scratch_values_ = lines_at_ + static_cast<std::size_t>(kPlacedRows<float> * bands * columns_);
  const bool is_planar = layout == PixelLayout::planar;
  band_step_ = is_planar ? rows_ * columns_ : 1;
  column_step_ = is_planar ? 1 : bands;
  row_step_ = columns_ * column_step_;
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

template <class Value>
void InputTransform::normalise_line(std::span<const std::byte> array, const Channel& channel, std::int64_t row,
                                    std::span<Value> out) const {
  const Grid& grid = grids_[channel.array];
  const std::int64_t first = (channel.index * grid.rows + row) * grid.columns;
  if (grid.is_u16) {
    normalise(reinterpret_cast<const std::uint16_t*>(array.data()) + first, channel.scale, channel.offset, out);
  } else {
    normalise(reinterpret_cast<const std::uint8_t*>(array.data()) + first, channel.scale, channel.offset, out);
  }
}

void InputTransform::widen_band(std::span<const std::byte> array, const Channel& channel,
                                std::span<float> scratch) const {
  const Grid& grid = grids_[channel.array];
  const auto columns = static_cast<std::size_t>(columns_), coarse = static_cast<std::size_t>(grid.columns);
  const std::span<float> padded = scratch.subspan(padded_at_, coarse + 2);
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    normalise_line(array, channel, row, padded.subspan(1, coarse));
    const auto line = scratch.subspan(channel.widened_at + static_cast<std::size_t>(row) * columns, columns);
    widen(padded, grid.column_axis, line);
  }
}

template <class Value>
void InputTransform::make_line(std::span<const std::byte> array, const Channel& channel, std::size_t row,
                               std::span<const float> scratch, std::span<Value> out) const {
  const Grid& grid = grids_[channel.array];
  if (grid.is_finest) return normalise_line(array, channel, static_cast<std::int64_t>(row), out);
  std::array<const float*, kMostTaps> lines{};
  std::array<float, kMostTaps> weights{};
  const std::size_t taps = grid.row_axis.taps();
  for (std::size_t tap = 0; tap < taps; ++tap) {
    const auto coarse_row = static_cast<std::size_t>(grid.row_axis.places[tap][row]);
    lines[tap] = scratch.data() + channel.widened_at + coarse_row * out.size();
    weights[tap] = grid.row_axis.weights[tap][row];
  }
  blend(std::span(lines).first(taps), std::span(weights).first(taps), out);
}

// Some rows of lines, a line of every band each.
template <class Value>
void InputTransform::place_lines(std::span<const Value> lines, const PixelPlace<Value>& place) const {
  const auto bands = static_cast<std::int64_t>(channels_.size());
  if (band_step_ == 1) return place_pixels(lines, columns_, bands, place);
  const std::int64_t count = static_cast<std::int64_t>(lines.size()) / columns_;
  for (std::int64_t at = 0; at < count; ++at) {
    const Value* line = lines.data() + at * columns_;
    Value* to = place.to + at / bands * place.row_step + at % bands * band_step_;
    for (std::int64_t column = 0; column < columns_; ++column) to[column * place.column_step] = line[column];
  }
}

template <class Value>
void InputTransform::make(std::span<const std::span<const std::byte>> arrays, Orientation orientation, Value* out,
                          std::span<float> scratch) const {
  for (const Channel& channel : channels_) {
    if (!grids_[channel.array].is_finest) widen_band(arrays[channel.array], channel, scratch);
  }
  const auto columns = static_cast<std::size_t>(columns_);
  const std::span lines(reinterpret_cast<Value*>(scratch.data() + lines_at_),
                        static_cast<std::size_t>(kPlacedRows<Value>) * channels_.size() * columns);
  const Walk steps = walk(orientation);
  for (std::int64_t first = 0; first < rows_; first += kPlacedRows<Value>) {
    const std::int64_t rows = std::min(kPlacedRows<Value>, rows_ - first);
    std::size_t at = 0;
    for (std::int64_t row = first; row < first + rows; ++row) {
      for (const Channel& channel : channels_) {
        make_line<Value>(arrays[channel.array], channel, static_cast<std::size_t>(row), scratch,
                         lines.subspan(at, columns));
        at += columns;
      }
    }
    place_lines<Value>(lines.first(at),
                       {out + steps.first + first * steps.row_step, steps.row_step, steps.column_step});
  }
  finish_placing();
}

void InputTransform::apply(std::span<const std::span<const std::byte>> arrays, Orientation orientation,
                           std::span<std::byte> out, std::vector<float>& scratch) const {
  scratch.resize(scratch_values_);
  if (type_ == PixelType::float32) {
    make(arrays, orientation, reinterpret_cast<float*>(out.data()), scratch);
  } else {
    make(arrays, orientation, reinterpret_cast<Bfloat16*>(out.data()), scratch);
  }
}

}  // namespace eoshard::train
