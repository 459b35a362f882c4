#include "tools/eoshard-synth/scene.hpp"

#include <algorithm>
#include <cmath>

#include "libingest/core/types.hpp"
#include "tools/eoshard-synth/draw.hpp"
#include "tools/eoshard-synth/ground_lattice.hpp"
#include "tools/eoshard-synth/parallel.hpp"

namespace eoshard::synth {
namespace {

constexpr double kShadeUnits = 16384;
constexpr double kQuantification = 10000;
constexpr int kLargestDn = (1 << 15) - 1;  // products store 15 bits
constexpr double kRelativeNoise = 0.02, kConstantNoise = 0.002;

constexpr Spectrum kCloud = {.80f, .78f, .76f, .75f, .76f, .77f, .78f, .78f, .79f, .60f, .62f, .55f};
constexpr Spectrum kSnow = {.92f, .92f, .90f, .88f, .86f, .83f, .80f, .78f, .76f, .60f, .10f, .08f};

float blend(float from, float to, float weight) { return from + (to - from) * weight; }

// What reaches the sensor of ground reflectance `ground`.
float seen_through(Scl sky, float ground, float shade, int band) {
  switch (sky) {
    case Scl::cloud_high: return blend(ground, kCloud[band], 0.95f);
    case Scl::cloud_medium: return blend(ground, kCloud[band], 0.75f);
    case Scl::thin_cirrus: return blend(ground, kCloud[band], 0.30f);
    case Scl::cloud_shadow: return 0.35f * ground;
    case Scl::snow: return kSnow[band] * blend(1, shade, 0.2f);
    default: return ground;
  }
}

// Triangular on [-1, 1), from the two halves of one draw.
double noise(std::uint64_t bits) {
  constexpr double kHalf = 0x1.0p-32;
  return kHalf * (static_cast<double>(bits >> 32) - static_cast<double>(bits & 0xffffffff));
}

}  // namespace

ProductScene::ProductScene(const ProductPlan& plan, const GroundMap& ground, const RegionLayout& layout, Sky sky,
                           std::uint64_t seed, int threads)
    : plan_(plan), classes_(layout.classes()), sky_(std::move(sky)), seed_(seed) {
  const auto pixels = static_cast<std::size_t>(plan.grid.columns) * plan.grid.rows;
  land_.resize(pixels);
  shade_.resize(pixels);
  const GroundLattice lattice(plan.grid, kLabelEpsg);
  parallel_for(threads, plan.grid.rows, [&](int row) { fill_row(row, lattice, ground, layout); });
}

// A region's draws are made once per run of its pixels.
void ProductScene::fill_row(int row, const GroundLattice& lattice, const GroundMap& ground,
                            const RegionLayout& layout) {
  const GroundCell* current = nullptr;
  TextureFrame frame;
  double illumination = 1;
  for (int column = 0; column < plan_.grid.columns; ++column) {
    const GroundPoint point = lattice.at(column + 0.5, row + 0.5);
    const GroundCell& cell = ground.cell_at(point.x_m, point.y_m);
    if (current == nullptr || cell.region != current->region) {
      frame = layout.frame_of(cell.region);
      illumination = layout.illumination_of(cell.region);
    }
    current = &cell;
    const Texture& texture = classes_[cell.land].texture;
    const double x_px = plan_.offset_columns + column + 0.5, y_px = plan_.offset_rows + row + 0.5;
    const double brightness = illumination * (1 + texture.contrast * texture_at(texture, frame, x_px, y_px));
    const std::size_t pixel = static_cast<std::size_t>(row) * plan_.grid.columns + column;
    land_[pixel] = cell.land;
    shade_[pixel] = static_cast<std::uint16_t>(std::lround(kShadeUnits * brightness));
  }
}

float ProductScene::reflectance(int column, int row, int band) const {
  const std::size_t pixel = static_cast<std::size_t>(row) * plan_.grid.columns + column;
  const float shade = static_cast<float>(shade_[pixel] / kShadeUnits);
  return seen_through(sky_.at(column / 2, row / 2), classes_[land_[pixel]].spectrum[band] * shade, shade, band);
}

// Mean of the 10 m pixels below a pixel of the band's grid, then noise and storage.
std::uint16_t ProductScene::digital_number(int column, int row, int band, int pixels_per_side) const {
  const int first_column = column * pixels_per_side, first_row = row * pixels_per_side;
  if (sky_.at(first_column / 2, first_row / 2) == Scl::no_data) return 0;
  float sum = 0;
  for (int down = 0; down < pixels_per_side; ++down) {
    for (int across = 0; across < pixels_per_side; ++across) {
      sum += reflectance(first_column + across, first_row + down, band);
    }
  }
  const double mean = sum / static_cast<float>(pixels_per_side * pixels_per_side);
  const auto stream = static_cast<std::uint32_t>(plan_.number) * 16 + static_cast<std::uint32_t>(band);
  const double swing = noise(draw_bits({seed_, Draw::sensor_noise, stream}, column, row));
  const double seen = mean * (1 + kRelativeNoise * swing) + kConstantNoise * swing;
  const long dn = std::lround(kQuantification * seen) - plan_.boa_add_offset;
  return static_cast<std::uint16_t>(std::clamp(dn, 1L, long{kLargestDn}));
}

std::vector<std::uint16_t> ProductScene::render_band(int band) const {
  const int pixels_per_side = kBands[band].resolution_m / kFinestResolutionM;
  const int side_px = plan_.grid.columns / pixels_per_side;
  std::vector<std::uint16_t> image;
  image.reserve(static_cast<std::size_t>(side_px) * side_px);
  for (int row = 0; row < side_px; ++row) {
    for (int column = 0; column < side_px; ++column)
      image.push_back(digital_number(column, row, band, pixels_per_side));
  }
  return image;
}

std::vector<std::uint8_t> ProductScene::render_scl() const {
  std::vector<std::uint8_t> scl = sky_.scl;
  for (int row = 0; row < sky_.side_px; ++row) {
    for (int column = 0; column < sky_.side_px; ++column) {
      if (sky_.at(column, row) == Scl::vegetation)
        scl[sky_.index(column, row)] = classes_[land_at(2 * column, 2 * row)].scl;
    }
  }
  return scl;
}

}  // namespace eoshard::synth
