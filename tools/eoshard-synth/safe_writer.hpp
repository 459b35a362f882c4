// A .SAFE folder: images, metadata and manifest of one Level-2A product.
#pragma once

#include <filesystem>
#include <functional>

#include "tools/eoshard-synth/baseline.hpp"
#include "tools/eoshard-synth/product_name.hpp"
#include "tools/eoshard-synth/scene.hpp"

namespace eoshard::synth {

/// Number of images in a product: twelve bands, scene classification, cloud and snow probability.
inline constexpr int kImagesPerProduct = 15;

/// Writes `<folder>/<product>.SAFE`, which gets its name when it is complete, and returns its path. An older folder of
/// that name is replaced. `image_done` is called after each image, from any thread.
std::filesystem::path write_safe(const std::filesystem::path& folder, const ProductName& name, const Baseline& baseline,
                                 const RasterGrid& grid, const ProductScene& scene, int threads,
                                 const std::function<void()>& image_done);

}  // namespace eoshard::synth
