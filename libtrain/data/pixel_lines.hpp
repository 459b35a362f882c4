// Loops over the lines of an image on their way to the network: normalise, widen, blend, and place. Vectorised; the
// same bits on every x86-64.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libingest/resample/upsample.hpp"
#include "libtrain/data/pixel_type.hpp"

namespace eoshard::train {

/// Where a fine line's values come from: value p = Σ weights[k][p] · coarse[places[k][p]] over the taps k.
struct InterpolationAxis {
  std::vector<std::vector<std::int32_t>> places;  ///< one vector a tap
  std::vector<std::vector<float>> weights;
  bool is_doubling = false;  ///< bilinear, and fine = 2 · coarse, more than one of them

  std::size_t taps() const { return places.size(); }
};

/// Between pixel centres, as torch's interpolate(align_corners = false): nearest has one tap, bilinear two, bicubic
/// four (Keys' kernel with a = -0.75).
InterpolationAxis interpolation_axis(ingest::UpsampleMethod method, std::int64_t coarse, std::int64_t fine);

/// out = stored · scale + offset. Stored: std::uint16_t or std::uint8_t; Value: float or Bfloat16.
template <class Stored, class Value>
void normalise(const Stored* stored, float scale, float offset, std::span<Value> out);

/// A coarse line to the fine grid. `padded` holds the coarse values with one free place at either end.
void widen(std::span<float> padded, const InterpolationAxis& axis, std::span<float> out);

inline constexpr std::size_t kMostTaps = 4;

/// out = Σ weights[k] · lines[k] over one, two or four lines as long as `out`. Value: float or Bfloat16.
template <class Value>
void blend(std::span<const float* const> lines, std::span<const float> weights, std::span<Value> out);

/// Rows of pixels that are placed together: so many pixels of a multiple of four bands are whole cache lines, and few
/// enough that their lines stay in the nearest cache.
template <class Value>
inline constexpr std::int64_t kPlacedRows = 16 / sizeof(Value);

/// Where pixels go: that at (row, column) to `to + row · row_step + column · column_step`.
template <class Value>
struct PixelPlace {
  Value* to;
  std::int64_t row_step, column_step;
};

/// `lines` holds, for each of at most kPlacedRows<Value> rows, a line of `columns` values for each of `bands`; pixel by
/// pixel, its bands together, they go past the caches where they can. finish_placing() must follow before others read
/// them. Value: float or Bfloat16.
template <class Value>
void place_pixels(std::span<const Value> lines, std::int64_t columns, std::int64_t bands,
                  const PixelPlace<Value>& place);
void finish_placing();

}  // namespace eoshard::train
