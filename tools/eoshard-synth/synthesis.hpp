// The whole job in order: lay the products out, map the ground, write the label raster and the products.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "libingest/core/progress.hpp"
#include "tools/eoshard-synth/gdal_image.hpp"
#include "tools/eoshard-synth/product_name.hpp"
#include "tools/eoshard-synth/scene.hpp"

namespace eoshard::synth {

struct SynthOptions {
  std::filesystem::path out;
  int products = 4;
  int size_px = 3600;                              ///< side of a product in 10 m pixels, a multiple of 60
  std::vector<std::string> baselines = {"04.00"};  ///< dealt over the products in turn
  std::uint64_t seed = 0;
  int epsg = 32632;
  std::vector<double> origin_m = {300000, 5500020};  ///< upper-left corner of the first product
  std::string tile;                                  ///< of the first product; by the UTM zone when empty
  SkyOptions sky;
  int class_count = kMaxClasses;
  LabelCodes codes = LabelCodes::grid;
  int threads = 1;
  bool is_overwrite_allowed = false;
};

/// One product of the job.
struct ProductJob {
  ProductPlan plan;
  ProductName name;
  Baseline baseline;
};

/// @throws Error{usage} naming the option that is wrong.
void check_options(const SynthOptions& options);

/// The products side by side in rows of about equal length, without overlap, their corners whole patches apart.
std::vector<ProductJob> lay_out(const SynthOptions& options);

/// The rectangle that holds all products.
SceneGrid scene_grid(const SynthOptions& options, const std::vector<ProductJob>& jobs);

/// Writes clc.tif, the products and, last, synth.json (what was written and from which options). Returns the products.
std::vector<std::filesystem::path> synthesize(const SynthOptions& options, const ProgressCallback& progress);

}  // namespace eoshard::synth
