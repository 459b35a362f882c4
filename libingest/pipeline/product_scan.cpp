#include "libingest/pipeline/product_scan.hpp"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/tile_coverage.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/source_verification.hpp"
#include "libingest/select/patch_name.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::json;

void copy_tile(std::span<const std::byte> tile, const ImageLayout& layout, int tile_column, int tile_row,
               std::span<std::uint8_t> image) {
  const int left = tile_column * layout.tile_width;
  const int top = tile_row * layout.tile_height;
  const int width = std::min(layout.tile_width, layout.width - left);
  const int height = std::min(layout.tile_height, layout.height - top);
  for (int line = 0; line < height; ++line) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(tile.data()) + line * layout.tile_width;
    std::copy(from, from + width, image.data() + std::size_t(top + line) * std::size_t(layout.width) + left);
  }
}

// A whole raster at 20 m of 8 bits, C order; 30 MB for a full granule.
std::vector<std::uint8_t> read_raster(const std::string& path, const Product& product) {
  const BandReader reader(path);
  check_layout(reader, product.geometry.size_px(kSclResolutionM), 1);
  const ImageLayout& layout = reader.layout();
  std::vector<std::uint8_t> image(std::size_t(layout.width) * std::size_t(layout.height));
  tbb::parallel_for(0, layout.tile_columns() * layout.tile_rows(), [&](int tile) {
    std::vector<std::byte> pixels(std::size_t(layout.tile_width) * std::size_t(layout.tile_height));
    const int column = tile % layout.tile_columns(), row = tile / layout.tile_columns();
    reader.read_tile(column, row, pixels);
    copy_tile(pixels, layout, column, row, image);
  });
  return image;
}

// A probability raster where its threshold is given, else nothing.
std::vector<std::uint8_t> read_probability(const std::string& path, const std::optional<int>& threshold,
                                           std::string_view what, const Product& product, const PatchGrid& grid) {
  if (!threshold) return {};
  if (path.empty()) {
    throw Error(ErrorKind::input, fmt::format("the product has no {0} probability at 20 m in QI_DATA; leave "
                                              "--{0}-probability away, or the product out",
                                              what));
  }
  std::vector<std::uint8_t> percent = read_raster(path, product);
  with_context(path, [&] { check_probabilities(percent, product.geometry.size_px(kSclResolutionM), grid); });
  return percent;
}

std::vector<SclCounts> count_pixels(std::span<const std::uint8_t> scl, const Product& product, const PatchGrid& grid,
                                    const FilterThresholds& thresholds) {
  const auto &cloud_from = thresholds.cloud_probability, &snow_from = thresholds.snow_probability;
  const auto cloud = read_probability(product.cloud_probability_file, cloud_from, "cloud", product, grid);
  const auto snow = read_probability(product.snow_probability_file, snow_from, "snow", product, grid);
  const SceneRasters scene{scl, {cloud, cloud_from.value_or(0)}, {snow, snow_from.value_or(0)}};
  return with_context(product.scl_file,
                      [&] { return count_scene(scene, product.geometry.size_px(kSclResolutionM), grid); });
}

// The files that the scan opens.
std::vector<std::string> scanned_files(const Product& product, const FilterThresholds& thresholds) {
  std::vector<std::string> files = {product.scl_file};
  if (thresholds.cloud_probability) files.push_back(product.cloud_probability_file);
  if (thresholds.snow_probability) files.push_back(product.snow_probability_file);
  std::erase(files, "");
  return files;
}

// What lists say comes after all that the pixels say.
void apply_ruling(ListRuling ruling, const Product& product, PatchPosition position, const SplitRule& rule,
                  ScannedPatch& patch) {
  if (!patch.rejected && ruling == ListRuling::excluded) patch.rejected = RejectReason::excluded;
  if (patch.rejected) return;
  const std::optional<int> listed = split_of(ruling);
  patch.split = listed ? *listed : split_of(product, position, rule);
}

// Labels of all patches of a granule, row by row.
struct GranuleLabels {
  std::vector<PatchLabels> patches;
  std::vector<std::uint8_t> grid_codes;  // of the 10 m pixels, C order, when they were asked for
};

GranuleLabels label_patches(const Product& product, const PatchGrid& grid, const LabelSettings& settings,
                            bool with_pixels) {
  GranuleLabels labels;
  labels.patches.resize(static_cast<std::size_t>(grid.count()));
  if (settings.kind == LabelKind::none) return labels;
  const auto row_pixels = std::size_t(kLabelPatchPx) * std::size_t(product.geometry.size_10m_px);
  if (with_pixels) labels.grid_codes.resize(row_pixels * std::size_t(grid.rows));
  std::atomic<bool> is_covered = false;
  tbb::enumerable_thread_specific<std::unique_ptr<PatchLabeler>> labelers(
      [&] { return make_patch_labeler(settings, product.geometry, product_part(product.id_stem)); });
  tbb::parallel_for(0, grid.rows, [&](int patch_row) {
    const LabelRow row = labelers.local()->label_row(patch_row);
    std::copy(row.patches.begin(), row.patches.end(), labels.patches.begin() + grid.index_of({0, patch_row}));
    if (with_pixels) {
      std::copy(row.grid_codes.begin(), row.grid_codes.end(),
                labels.grid_codes.begin() + static_cast<std::ptrdiff_t>(row_pixels * std::size_t(patch_row)));
    }
    if (row.is_covered) is_covered = true;
  });
  if (!is_covered) throw_not_covered(settings, product.name);
  return labels;
}

std::optional<LabelEvidence> evidence_of(const PatchLabels& labels, LabelKind kind) {
  if (kind == LabelKind::none) return std::nullopt;
  return LabelEvidence{labels.labelled_pixels, labels.classes != 0};
}

Json to_json(const Product& product) {
  const GranuleGeometry& geometry = product.geometry;
  return {{"name", product.name},
          {"id_stem", product.id_stem},
          {"path", product.path},
          {"root", product.root},
          {"mgrs_tile", product.mgrs_tile},
          {"acquired", product.acquired},
          {"baseline", product.baseline},
          {"processed", product.processed},
          {"quantification_value", product.quantification_value},
          {"boa_add_offset", product.boa_add_offset},
          {"geometry", {geometry.epsg, geometry.ulx_m, geometry.uly_m, geometry.size_10m_px}},
          {"metadata_files", product.metadata_files},
          {"band_files", product.band_files},
          {"scl_file", product.scl_file},
          {"cloud_probability_file", product.cloud_probability_file},
          {"snow_probability_file", product.snow_probability_file}};
}

Product product_from(const Json& json) {
  Product product;
  product.name = json.at("name");
  product.id_stem = json.at("id_stem");
  product.path = json.at("path");
  product.root = json.at("root");
  product.mgrs_tile = json.at("mgrs_tile");
  product.acquired = json.at("acquired");
  product.baseline = json.at("baseline");
  product.processed = json.at("processed");
  product.quantification_value = json.at("quantification_value");
  product.boa_add_offset = json.at("boa_add_offset").get<std::map<std::string, int>>();
  const Json& geometry = json.at("geometry");
  product.geometry = {geometry.at(0), geometry.at(1), geometry.at(2), geometry.at(3)};
  product.band_files = json.at("band_files").get<std::map<std::string, std::string>>();
  product.metadata_files = json.at("metadata_files").get<std::vector<std::string>>();
  product.scl_file = json.at("scl_file");
  product.cloud_probability_file = json.at("cloud_probability_file");
  product.snow_probability_file = json.at("snow_probability_file");
  return product;
}

Json to_json(const ScannedPatch& patch) {
  const SclCounts& scl = patch.scl;
  return {scl.no_data,
          scl.saturated,
          scl.shadow,
          scl.cloud,
          scl.snow,
          patch.labels.classes,
          patch.labels.labelled_pixels,
          patch.rejected ? static_cast<int>(*patch.rejected) : -1,
          patch.split};
}

ScannedPatch patch_from(const Json& json) {
  ScannedPatch patch;
  patch.scl = {json.at(0), json.at(1), json.at(2), json.at(3), json.at(4)};
  patch.labels = {json.at(5), json.at(6)};
  const int reason = json.at(7);
  if (reason >= 0) patch.rejected = static_cast<RejectReason>(reason);
  patch.split = json.at(8);
  return patch;
}

}  // namespace

std::vector<PatchPosition> ProductScan::candidates() const {
  std::vector<PatchPosition> positions;
  for (int index = 0; index < grid.count(); ++index) {
    if (!patches[static_cast<std::size_t>(index)].rejected) positions.push_back(grid.position_of(index));
  }
  return positions;
}

ScannedPixels scan_product(const Product& product, const IngestOptions& options, const LabelSettings& labels,
                           std::span<const ListRuling> rulings) {
  const SplitRule rule = parse_split_rule(options.split, options.seed);
  ScannedPixels pixels;
  ProductScan& scan = pixels.scan;
  scan.product = product;
  with_context(product.name, [&] {
    if (options.check_source) check_files(product, scanned_files(product, options.thresholds));
    scan.grid = make_patch_grid(scan.product.geometry);
    pixels.scl = read_raster(product.scl_file, product);
    const auto scl = count_pixels(pixels.scl, product, scan.grid, options.thresholds);
    GranuleLabels granule_labels = label_patches(scan.product, scan.grid, labels, options.label_map);
    pixels.grid_codes = std::move(granule_labels.grid_codes);
    for (std::size_t index = 0; index < scl.size(); ++index) {
      const PatchLabels& of_patch = granule_labels.patches[index];
      scan.patches.push_back(
          {scl[index], of_patch, judge_patch(scl[index], evidence_of(of_patch, labels.kind), options.thresholds)});
      apply_ruling(rulings.empty() ? ListRuling::none : rulings[index], product,
                   scan.grid.position_of(static_cast<int>(index)), rule, scan.patches.back());
    }
  });
  return pixels;
}

std::string serialise_scan(const ProductScan& scan) {
  Json patches = Json::array();
  for (const ScannedPatch& patch : scan.patches) patches.push_back(to_json(patch));
  const Json json = {{"product", to_json(scan.product)},
                     {"columns", scan.grid.columns},
                     {"rows", scan.grid.rows},
                     {"patches", patches}};
  const std::vector<std::uint8_t> bytes = Json::to_cbor(json);
  return {bytes.begin(), bytes.end()};
}

ProductScan parse_scan(const std::string& bytes) {
  try {
    const Json json = Json::from_cbor(bytes);
    ProductScan scan;
    scan.product = product_from(json.at("product"));
    scan.grid = {json.at("columns"), json.at("rows")};
    for (const Json& patch : json.at("patches")) scan.patches.push_back(patch_from(patch));
    return scan;
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::io,
                fmt::format("the scan is damaged ({}); remove it and run the same command again", error.what()));
  }
}

}  // namespace eoshard::ingest
