// Brings bands of coarser grids to the finest one: a square of source pixels in, `factor` times as many a side out.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace eoshard::ingest {

enum class UpsampleMethod { nearest, bilinear, bicubic };

/// "nearest", "bilinear" or "bicubic". @throws Error{usage} for any other name.
UpsampleMethod parse_upsample_method(std::string_view name);

/// "nearest", "bilinear" or "bicubic".
std::string_view name_of(UpsampleMethod method);

/// The square to upsample amid its neighbours: the square grown by Upsampler::halo() pixels on every side, as far as
/// the band reaches. Where the window ends nearer, the band is taken to end, and its edge pixels stand for what lies
/// beyond, as torch clamps indices. A window of the whole band with the square (0, 0) upsamples the band.
struct UpsampleWindow {
  std::span<const std::uint16_t> pixels;  ///< C order, DN 0: no data
  int width = 0;
  int height = 0;
  int left = 0;  ///< of the square in the window
  int top = 0;
  int size = 0;  ///< side of the square
};

/// A thread's room for the intermediate results, kept from call to call.
struct UpsampleBuffers {
  std::vector<std::uint16_t> filled;  // the window with its no-data pixels replaced
  std::vector<float> line;            // a source row between its clamped neighbours
  std::vector<float> rows;            // source rows at the output's width
};

/// Separable upsampling by an integer factor. Pixel centres as torch.nn.functional.interpolate(align_corners=False);
/// bicubic is Keys' kernel with a = -0.75. float32 arithmetic, rounded to nearest (ties to even), within 1 … 65,535.
///
/// No data never bleeds: a DN 0 pixel under a stencil stands for its nearest valid pixel (Euclidean distance; of
/// equally near ones the uppermost, then the leftmost). An output pixel inside a DN 0 source pixel is 0. So an output
/// pixel is a function of the band, not of the window, and neighbouring squares join without a seam.
class Upsampler {
 public:
  /// `factor` >= 1; 1 copies.
  Upsampler(UpsampleMethod method, int factor);

  int factor() const { return factor_; }

  /// Source pixels around a square on which its output can depend: the stencil's reach, and as much again for a valid
  /// pixel in place of one without data.
  int halo() const { return 2 * reach_; }

  /// Fills `out` with (size·factor)² pixels in C order. Thread-safe with buffers of one's own.
  void run(const UpsampleWindow& window, std::span<std::uint16_t> out, UpsampleBuffers& buffers) const;

 private:
  // The stencil of the output pixels `phase`, phase + factor, ...: source pixels from `first` (relative to the own
  // one).
  struct Phase {
    int first = 0;
    std::vector<float> weights;
  };

  struct Neighbour {
    int column = 0;
    int row = 0;
  };

  Phase make_phase(int phase) const;
  void replicate(const UpsampleWindow& window, std::span<std::uint16_t> out) const;
  void fill_no_data(const UpsampleWindow& window, std::vector<std::uint16_t>& filled) const;
  std::uint16_t substitute(const UpsampleWindow& window, int column, int row) const;
  void interpolate(const UpsampleWindow& window, std::span<std::uint16_t> out, UpsampleBuffers& buffers) const;
  void widen_row(const UpsampleWindow& window, int row, std::span<float> out, std::vector<float>& line) const;

  int factor_;
  int reach_ = 0;                      // of a stencil, in source pixels: 0 copies or replicates
  std::vector<Phase> phases_;          // one an output pixel of a source pixel
  std::vector<Neighbour> neighbours_;  // where a substitute is looked for, nearest first
};

}  // namespace eoshard::ingest
