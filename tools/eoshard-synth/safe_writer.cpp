#include "tools/eoshard-synth/safe_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"
#include "tools/eoshard-synth/gdal_image.hpp"
#include "tools/eoshard-synth/parallel.hpp"
#include "tools/eoshard-synth/safe_metadata.hpp"

namespace eoshard::synth {
namespace {

namespace fs = std::filesystem;

constexpr int kFullGranulePx = 10980;

struct Image {
  std::string path;  // below the product's folder, without ".jp2"
  int resolution_m = 10;
  bool is_listed = true;  // in the product metadata; QI_DATA is not
  std::function<void(const fs::path&, const RasterGrid&, Jp2Options)> write;
};

// Finest first: the longest work starts first.
std::vector<Image> band_images(const ProductScene& scene, const std::string& granule, const std::string& stem) {
  std::vector<Image> images;
  for (int band = 0; band < static_cast<int>(kBands.size()); ++band) {
    const BandInfo& info = kBands[band];
    images.push_back({fmt::format("{0}/IMG_DATA/R{3}m/{1}_{2}_{3}m", granule, stem, info.name, info.resolution_m),
                      info.resolution_m, true,
                      [&scene, band](const fs::path& path, const RasterGrid& grid, Jp2Options options) {
                        write_jp2(path, scene.render_band(band), grid, options);
                      }});
  }
  std::ranges::stable_sort(images, {}, &Image::resolution_m);
  return images;
}

std::vector<Image> mask_images(const ProductScene& scene, const ProductName& name, const Baseline& baseline,
                               const std::string& granule, const std::string& stem) {
  const std::string cloud =
      baseline.has_l2a_names ? fmt::format("L2A_{}_{}_CLD", name.tile, name.sensed) : "MSK_CLDPRB";
  const std::string snow = baseline.has_l2a_names ? fmt::format("L2A_{}_{}_SNW", name.tile, name.sensed) : "MSK_SNWPRB";
  return {{fmt::format("{}/IMG_DATA/R20m/{}_SCL_20m", granule, stem), 20, true,
           [&scene](const fs::path& path, const RasterGrid& grid, Jp2Options options) {
             write_jp2(path, scene.render_scl(), grid, options);
           }},
          {fmt::format("{}/QI_DATA/{}_20m", granule, cloud), 20, false,
           [&scene](const fs::path& path, const RasterGrid& grid, Jp2Options options) {
             write_jp2(path, scene.sky().cloud_probability, grid, options);
           }},
          {fmt::format("{}/QI_DATA/{}_20m", granule, snow), 20, false,
           [&scene](const fs::path& path, const RasterGrid& grid, Jp2Options options) {
             write_jp2(path, scene.sky().snow_probability, grid, options);
           }}};
}

std::vector<Image> all_images(const ProductScene& scene, const ProductName& name, const Baseline& baseline) {
  const std::string granule = "GRANULE/" + name.granule();
  const std::string stem = fmt::format("{}{}_{}", baseline.has_l2a_names ? "L2A_" : "", name.tile, name.sensed);
  std::vector<Image> images = band_images(scene, granule, stem);
  std::ranges::move(mask_images(scene, name, baseline, granule, stem), std::back_inserter(images));
  return images;
}

RasterGrid at_resolution(const RasterGrid& grid, int resolution_m) {
  const int pixels_per_side = resolution_m / kFinestResolutionM;
  return {grid.epsg,
          grid.ulx_m,
          grid.uly_m,
          1.0 * resolution_m,
          grid.columns / pixels_per_side,
          grid.rows / pixels_per_side};
}

std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) paths.push_back(fs::relative(entry.path(), root).generic_string());
  }
  std::ranges::sort(paths);
  return paths;
}

void write_manifest(const fs::path& root, ChecksumKind kind, int threads) {
  const std::vector<std::string> paths = files_below(root);
  std::vector<ManifestEntry> entries(paths.size());
  parallel_for(threads, static_cast<int>(paths.size()), [&](int index) {
    const fs::path path = root / paths[index];
    entries[index] = {paths[index], fs::file_size(path), file_checksum(path, kind)};
  });
  write_file(root / "manifest.safe", manifest(entries, kind), Durability::rename_only);
}

void write_metadata(const fs::path& root, const ProductName& name, const Baseline& baseline, const RasterGrid& grid,
                    const std::vector<Image>& images) {
  std::vector<std::string> listed;
  for (const Image& image : images) {
    if (image.is_listed) listed.push_back(image.path);
  }
  write_file(root / "MTD_MSIL2A.xml", product_metadata(name, baseline, listed), Durability::rename_only);
  write_file(root / "GRANULE" / name.granule() / "MTD_TL.xml", tile_metadata(name, grid), Durability::rename_only);
}

}  // namespace

fs::path write_safe(const fs::path& folder, const ProductName& name, const Baseline& baseline, const RasterGrid& grid,
                    const ProductScene& scene, int threads, const std::function<void()>& image_done) {
  const fs::path product = folder / (name.product() + ".SAFE"), root = product.string() + ".tmp";
  fs::remove_all(root);
  const std::vector<Image> images = all_images(scene, name, baseline);
  for (const Image& image : images) fs::create_directories((root / image.path).parent_path());
  const Jp2Options options{baseline.is_georeferenced, grid.columns == kFullGranulePx};
  parallel_for(threads, static_cast<int>(images.size()), [&](int index) {
    const Image& image = images[index];
    image.write(root / (image.path + ".jp2"), at_resolution(grid, image.resolution_m), options);
    image_done();
  });
  write_metadata(root, name, baseline, grid, images);
  write_manifest(root, baseline.checksum, threads);
  fs::remove_all(product);
  fs::rename(root, product);
  return product;
}

}  // namespace eoshard::synth
