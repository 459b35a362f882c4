#include "tools/eoshard-synth/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <set>
#include <stdexcept>

#include "libingest/core/error.hpp"
#include "libingest/core/types.hpp"
#include "tools/eoshard-synth/parallel.hpp"
#include "tools/eoshard-synth/synthesis.hpp"

namespace eoshard::synth {
namespace {

constexpr SkyOptions kClear = {0, 0, 0};
constexpr int kRedBand = 3, kCoastalBand = 0, kSwirBand = 11;

SynthOptions small_options() {
  SynthOptions options;
  options.products = 1;
  options.size_px = 480;
  options.sky = kClear;
  return options;
}

GroundMap map_of(const SynthOptions& options, int threads) {
  return map_ground(scene_grid(options, lay_out(options)), RegionLayout(options.seed, options.class_count), threads);
}

ProductScene scene_of(const SynthOptions& options, const GroundMap& ground, int threads) {
  const RegionLayout layout(options.seed, options.class_count);
  const Sky sky = make_sky(options.sky, options.seed, 0, options.size_px / 2);
  return {lay_out(options).front().plan, ground, layout, sky, options.seed, threads};
}

ProductScene scene_of(const SynthOptions& options, int threads = 1) {
  return scene_of(options, map_of(options, threads), threads);
}

double mean_of(const std::vector<std::uint16_t>& image) {
  return std::accumulate(image.begin(), image.end(), 0.0) / static_cast<double>(image.size());
}

TEST(GroundMap, IsTheSameForAnyNumberOfThreads) {
  const GroundMap one = map_of(small_options(), 1), three = map_of(small_options(), 3);
  ASSERT_EQ(one.cells.size(), three.cells.size());
  for (std::size_t cell = 0; cell < one.cells.size(); ++cell) {
    ASSERT_EQ(one.cells[cell].land, three.cells[cell].land);
    ASSERT_EQ(one.cells[cell].region, three.cells[cell].region);
  }
}

TEST(GroundMap, RefusesAPlaceOutsideEurope) {
  SynthOptions options = small_options();
  options.origin_m = {500000, 1000020};
  EXPECT_THROW(map_of(options, 1), Error);
}

TEST(Scene, IsTheSameForAnyNumberOfThreads) {
  const ProductScene one = scene_of(small_options(), 1), three = scene_of(small_options(), 3);
  for (int band = 0; band < 12; ++band) EXPECT_EQ(one.render_band(band), three.render_band(band));
}

TEST(Scene, DependsOnTheSeed) {
  SynthOptions other = small_options();
  other.seed = 1;
  EXPECT_NE(scene_of(small_options()).render_band(kRedBand), scene_of(other).render_band(kRedBand));
}

// Each region takes a brightness and a turn of its own, so the means are compared over many regions of one class.
TEST(Scene, GivesBothClassesOfAPairTheSameMean) {
  SynthOptions options = small_options();
  options.size_px = 1200;
  GroundMap ground = map_of(options, 1);
  for (std::uint8_t pair = 0; pair < kMaxClasses; pair += 2) {
    double means[2];
    for (std::uint8_t which = 0; which < 2; ++which) {
      for (GroundCell& cell : ground.cells) cell.land = static_cast<std::uint8_t>(pair + which);
      means[which] = mean_of(scene_of(options, ground, 2).render_band(kSwirBand));
    }
    EXPECT_NEAR(means[0] / means[1], 1, 0.01) << land_classes()[pair].name;
  }
}

TEST(Scene, HasTheSameGroundAtEveryResolution) {
  const ProductScene scene = scene_of(small_options());
  EXPECT_EQ(scene.render_band(kRedBand).size(), 480u * 480u);
  EXPECT_EQ(scene.render_band(kSwirBand).size(), 240u * 240u);
  EXPECT_EQ(scene.render_band(kCoastalBand).size(), 80u * 80u);
  double red = 0;
  for (int row = 0; row < 480; ++row) {
    for (int column = 0; column < 480; ++column) red += land_classes()[scene.land_at(column, row)].spectrum[kRedBand];
  }
  const double dn = mean_of(scene.render_band(kRedBand)) - 1000;
  EXPECT_NEAR(dn / (10000 * red / (480 * 480)), 1, 0.15);  // the regions' brightness averages out over few regions only
}

TEST(Scene, StoresTheOffsetOfItsBaseline) {
  SynthOptions old_options = small_options(), new_options = small_options();
  old_options.baselines = {"02.14"};
  new_options.baselines = {"05.11"};
  const auto old_image = scene_of(old_options).render_band(kRedBand),
             new_image = scene_of(new_options).render_band(kRedBand);
  for (std::size_t pixel = 0; pixel < old_image.size(); ++pixel) ASSERT_EQ(old_image[pixel] + 1000, new_image[pixel]);
}

TEST(Scene, IsZeroExactlyWhereThereIsNoData) {
  SynthOptions options = small_options();
  options.sky = {10, 5, 10};
  const ProductScene scene = scene_of(options);
  const auto scl = scene.render_scl();
  for (int band = 0; band < 12; ++band) {
    const int resolution_m = kBands[band].resolution_m, side_px = 4800 / resolution_m;
    const auto image = scene.render_band(band);
    for (int row = 0; row < side_px; ++row) {
      for (int column = 0; column < side_px; ++column) {
        const std::size_t parent = static_cast<std::size_t>(row * resolution_m / 20) * 240 + column * resolution_m / 20;
        ASSERT_EQ(image[static_cast<std::size_t>(row) * side_px + column] == 0, scl[parent] == 0) << kBands[band].name;
      }
    }
  }
}

TEST(Scene, ShowsCloudsBrightAndSnowDarkInTheShortWaveInfrared) {
  SynthOptions options = small_options();
  options.sky = {15, 15, 0};
  const ProductScene scene = scene_of(options);
  const auto scl = scene.render_scl();
  const auto swir = scene.render_band(kSwirBand);  // 20 m, as the scene classification
  for (std::size_t pixel = 0; pixel < scl.size(); ++pixel) {
    ASSERT_TRUE(scl[pixel] != 9 || swir[pixel] > 1000 + 4500);
    ASSERT_TRUE(scl[pixel] != 11 || swir[pixel] < 1000 + 1500);
  }
}

TEST(LayOut, PlacesProductsSideBySideWithNamesOfTheirOwn) {
  SynthOptions options;
  options.products = 7;
  options.size_px = 1020;
  options.baselines = {"02.06", "05.11"};
  const auto jobs = lay_out(options);
  ASSERT_EQ(jobs.size(), 7u);
  std::set<std::string> names, tiles, times;
  for (const ProductJob& job : jobs) {
    names.insert(job.name.product());
    tiles.insert(job.name.tile);
    times.insert(job.name.sensed);
    for (const ProductJob& other : jobs) {
      if (&job == &other) continue;
      const bool is_apart = std::abs(job.plan.grid.ulx_m - other.plan.grid.ulx_m) >= 10200 ||
                            std::abs(job.plan.grid.uly_m - other.plan.grid.uly_m) >= 10200;
      EXPECT_TRUE(is_apart) << job.name.tile << " " << other.name.tile;
    }
  }
  EXPECT_EQ(names.size(), 7u);
  EXPECT_EQ(tiles.size(), 7u);
  EXPECT_EQ(times.size(), 7u);
  EXPECT_EQ(jobs[2].baseline.name, "02.06");
  EXPECT_EQ(jobs[3].baseline.name, "05.11");
}

TEST(CheckOptions, NamesTheWrongOption) {
  SynthOptions options = small_options();
  options.size_px = 500;
  try {
    check_options(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("--size 500"), std::string::npos);
  }
}

TEST(ParallelFor, CallsEachIndexOnce) {
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(4, 1000, [&](int index) { ++calls[index]; });
  EXPECT_TRUE(std::ranges::all_of(calls, [](const std::atomic<int>& count) { return count == 1; }));
}

TEST(ParallelFor, ThrowsWhatAnIterationThrew) {
  const auto fail = [](int index) {
    if (index == 7) throw std::runtime_error("seven");
  };
  EXPECT_THROW(parallel_for(3, 100, fail), std::runtime_error);
}

}  // namespace
}  // namespace eoshard::synth
