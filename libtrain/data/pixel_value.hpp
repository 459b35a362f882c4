// One value of the network's input from stored samples: upsampled, normalised, flipped, turned and mixed. The same code
// on the CPU and on GPUs, where each thread computes the values of one pixel; the same bits as InputTransform, which
// computes whole lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "libtrain/core/host_device.hpp"

namespace eoshard::train {

/// Taps of one axis (see InterpolationAxis): tap k of position p lies at [first + k * fine + p] of the tables.
struct TapTable {
  std::int32_t taps = 1;
  std::int32_t first = 0;
  std::int32_t fine = 0;
};

/// One stored array of a sample.
struct StoredGrid {
  std::int64_t offset = 0;  ///< of the array in the sample's bytes
  std::int32_t rows = 0, columns = 0;
  bool is_u16 = true;
  bool is_finest = true;  ///< of the output's rows and columns
  TapTable row_taps, column_taps;
};

/// One band of the output: normalised = stored · scale + offset.
struct InputChannel {
  std::int32_t grid = 0, index = 0;
  float scale = 1, offset = 0;
};

/// Everything that a batch's samples have in common; pointers to tables of the device that reads them.
struct PixelTables {
  std::int32_t bands = 0, rows = 0, columns = 0;
  const StoredGrid* grids = nullptr;
  const InputChannel* channels = nullptr;
  const std::int32_t* places = nullptr;
  const float* weights = nullptr;
};

/// The tables themselves, in memory of the host.
struct PixelTableData {
  std::int32_t rows = 0, columns = 0;  ///< of the output
  std::vector<StoredGrid> grids;
  std::vector<InputChannel> channels;
  std::vector<std::int32_t> places;
  std::vector<float> weights;

  PixelTables view() const {
    return {static_cast<std::int32_t>(channels.size()),
            rows,
            columns,
            grids.data(),
            channels.data(),
            places.data(),
            weights.data()};
  }
};

/// Where an output pixel (row, column) comes from: first + row · by_row + column · by_column, before orientation.
struct SourceLine {
  std::int32_t first = 0, by_row = 0, by_column = 0;
};

/// One sample of a batch.
struct PlacedSample {
  const std::byte* stored = nullptr;
  SourceLine row, column;
  std::int32_t partner = 0;  ///< sample of the batch that it is mixed with
  float share = 1;           ///< of itself
  bool is_mixed = false;
};

// Compilers may fuse a product and a sum into one rounding; these two stay apart.
EOSHARD_HOST_DEVICE inline float product(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}
EOSHARD_HOST_DEVICE inline float sum(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}

EOSHARD_HOST_DEVICE inline float stored_value(const InputChannel& channel, const StoredGrid& grid,
                                              const std::byte* sample, std::int32_t row, std::int32_t column) {
  const std::int64_t at = (static_cast<std::int64_t>(channel.index) * grid.rows + row) * grid.columns + column;
  const std::byte* values = sample + grid.offset;
  const float value = grid.is_u16 ? static_cast<float>(reinterpret_cast<const std::uint16_t*>(values)[at])
                                  : static_cast<float>(reinterpret_cast<const std::uint8_t*>(values)[at]);
  return sum(product(value, channel.scale), channel.offset);
}

/// A value of a coarse line on the fine grid: as widen() of pixel_lines.hpp.
EOSHARD_HOST_DEVICE inline float widened_value(const PixelTables& tables, const InputChannel& channel,
                                               const StoredGrid& grid, const std::byte* sample, std::int32_t row,
                                               std::int32_t column) {
  const TapTable& taps = grid.column_taps;
  float widened = 0;
  for (std::int32_t tap = 0; tap < taps.taps; ++tap) {
    const std::int32_t at = taps.first + tap * taps.fine + column;
    const float part = product(tables.weights[at], stored_value(channel, grid, sample, row, tables.places[at]));
    widened = tap == 0 ? part : sum(widened, part);
  }
  return widened;
}

/// As blend() of pixel_lines.hpp.
EOSHARD_HOST_DEVICE inline float blended_value(const PixelTables& tables, const InputChannel& channel,
                                               const StoredGrid& grid, const std::byte* sample, std::int32_t row,
                                               std::int32_t column) {
  const TapTable& taps = grid.row_taps;
  float parts[4] = {0, 0, 0, 0};
  for (std::int32_t tap = 0; tap < taps.taps; ++tap) {
    const std::int32_t at = taps.first + tap * taps.fine + row;
    const float line = widened_value(tables, channel, grid, sample, tables.places[at], column);
    parts[tap] = taps.taps == 1 ? line : product(tables.weights[at], line);
  }
  if (taps.taps == 1) return parts[0];
  return taps.taps == 2 ? sum(parts[0], parts[1]) : sum(sum(parts[0], parts[1]), sum(parts[2], parts[3]));
}

/// Of one sample by itself, at a pixel of the output.
EOSHARD_HOST_DEVICE inline float oriented_value(const PixelTables& tables, const PlacedSample& sample,
                                                std::int32_t band, std::int32_t row, std::int32_t column) {
  const std::int32_t from_row = sample.row.first + row * sample.row.by_row + column * sample.row.by_column;
  const std::int32_t from_column = sample.column.first + row * sample.column.by_row + column * sample.column.by_column;
  const InputChannel& channel = tables.channels[band];
  const StoredGrid& grid = tables.grids[channel.grid];
  return grid.is_finest ? stored_value(channel, grid, sample.stored, from_row, from_column)
                        : blended_value(tables, channel, grid, sample.stored, from_row, from_column);
}

/// Of a sample's own value and its partner's.
EOSHARD_HOST_DEVICE inline float mixed_value(float own, float other, float share) {
  return sum(product(own, share), product(other, sum(1, -share)));
}

}  // namespace eoshard::train
