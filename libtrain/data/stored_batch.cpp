#include "libtrain/data/stored_batch.hpp"

#include <algorithm>
#include <utility>

namespace eoshard::train {
namespace {

constexpr std::size_t kAlignment = 16;

std::size_t array_bytes(const ingest::ImageArray& array) {
  std::size_t values = 1;
  for (const std::int64_t extent : array.sample_shape) values *= static_cast<std::size_t>(extent);
  return values * (array.dtype == "uint16" ? 2 : 1);
}

struct Pixel {
  std::int64_t row, column;
};

// Undoes the quarter turns, the last one first, then the flips (see InputTransform::walk).
Pixel source_of(Pixel pixel, Orientation orientation, std::int64_t rows, std::int64_t columns) {
  for (int turn = orientation.quarter_turns - 1; turn >= 0; --turn) {
    const std::int64_t last = (turn % 2 == 0 ? columns : rows) - 1;
    pixel = {pixel.column, last - pixel.row};
  }
  if (orientation.flip_rows) pixel.row = rows - 1 - pixel.row;
  if (orientation.flip_columns) pixel.column = columns - 1 - pixel.column;
  return pixel;
}

// Widening to twice the width has its own weights at the edges, where InterpolationAxis would have others for the same
// value.
InterpolationAxis doubling_axis(std::int64_t coarse) {
  InterpolationAxis axis;
  axis.places.resize(2);
  axis.weights.resize(2);
  const auto add = [&](std::int64_t low, float low_weight, std::int64_t high, float high_weight) {
    axis.places[0].push_back(static_cast<std::int32_t>(std::max<std::int64_t>(low, 0)));
    axis.places[1].push_back(static_cast<std::int32_t>(std::min(high, coarse - 1)));
    axis.weights[0].push_back(low_weight);
    axis.weights[1].push_back(high_weight);
  };
  for (std::int64_t at = 0; at < coarse; ++at) {
    add(at - 1, 0.25F, at, 0.75F);
    add(at, 0.75F, at + 1, 0.25F);
  }
  return axis;
}

TapTable add_axis(const InterpolationAxis& axis, PixelTableData& tables) {
  const TapTable table{static_cast<std::int32_t>(axis.taps()), static_cast<std::int32_t>(tables.places.size()),
                       static_cast<std::int32_t>(axis.places.front().size())};
  for (std::size_t tap = 0; tap < axis.taps(); ++tap) {
    tables.places.insert(tables.places.end(), axis.places[tap].begin(), axis.places[tap].end());
    tables.weights.insert(tables.weights.end(), axis.weights[tap].begin(), axis.weights[tap].end());
  }
  return table;
}

}  // namespace

StoredLayout::StoredLayout(const InputSpec& spec) {
  for (const ingest::ImageArray& array : spec.arrays) {
    offsets_.push_back(bytes_);
    bytes_ += (array_bytes(array) + kAlignment - 1) / kAlignment * kAlignment;
  }
}

void StoredSamples::apply(std::span<const std::span<const std::byte>> arrays, Orientation, std::span<std::byte> out,
                          std::vector<float>&) const {
  for (std::size_t array = 0; array < arrays.size(); ++array) {
    std::ranges::copy(arrays[array], out.begin() + static_cast<std::ptrdiff_t>(layout_.offset(array)));
  }
}

PixelTableData make_pixel_tables(const InputSpec& spec) {
  const StoredLayout layout(spec);
  PixelTableData tables;
  tables.rows = static_cast<std::int32_t>(spec.rows);
  tables.columns = static_cast<std::int32_t>(spec.columns);
  for (std::size_t array = 0; array < spec.arrays.size(); ++array) {
    const std::int64_t rows = spec.arrays[array].sample_shape.at(1), columns = spec.arrays[array].sample_shape.at(2);
    StoredGrid grid;
    grid.offset = static_cast<std::int64_t>(layout.offset(array));
    grid.rows = static_cast<std::int32_t>(rows);
    grid.columns = static_cast<std::int32_t>(columns);
    grid.is_u16 = spec.arrays[array].dtype == "uint16";
    grid.is_finest = rows == spec.rows && columns == spec.columns;
    if (!grid.is_finest) {
      const InterpolationAxis widening = interpolation_axis(spec.upsample, columns, spec.columns);
      grid.row_taps = add_axis(interpolation_axis(spec.upsample, rows, spec.rows), tables);
      grid.column_taps = add_axis(widening.is_doubling ? doubling_axis(columns) : widening, tables);
    }
    tables.grids.push_back(grid);
  }
  for (const InputBand& band : spec.bands) {
    tables.channels.push_back({static_cast<std::int32_t>(band.array), static_cast<std::int32_t>(band.index),
                               static_cast<float>(1 / band.standard_deviation),
                               static_cast<float>(-band.mean / band.standard_deviation)});
  }
  return tables;
}

PlacedSample orient(const std::byte* stored, Orientation orientation, std::int64_t rows, std::int64_t columns) {
  const Pixel first = source_of({0, 0}, orientation, rows, columns);
  const Pixel down = source_of({1, 0}, orientation, rows, columns);
  const Pixel right = source_of({0, 1}, orientation, rows, columns);
  const auto line = [](std::int64_t at, std::int64_t below, std::int64_t beside) {
    return SourceLine{static_cast<std::int32_t>(at), static_cast<std::int32_t>(below - at),
                      static_cast<std::int32_t>(beside - at)};
  };
  PlacedSample sample;
  sample.stored = stored;
  sample.row = line(first.row, down.row, right.row);
  sample.column = line(first.column, down.column, right.column);
  return sample;
}

}  // namespace eoshard::train
