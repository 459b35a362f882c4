#include "tools/eoshard-synth/synthesis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/out_place.hpp"
#include "libingest/core/types.hpp"
#include "libingest/core/version.hpp"
#include "tools/eoshard-synth/safe_writer.hpp"

namespace eoshard::synth {
namespace {

namespace fs = std::filesystem;

constexpr int kPatchPx = kPatchSizeM / kFinestResolutionM;
constexpr int kSizeStepPx = 60;
constexpr std::string_view kRecordFile = "synth.json", kLabelFile = "clc.tif";

void require(bool holds, const std::string& message) {
  if (!holds) throw Error(ErrorKind::usage, message);
}

std::string first_tile(const SynthOptions& options) {
  return options.tile.empty() ? fmt::format("T{:02}ULV", options.epsg % 100) : options.tile;
}

// What an earlier run says it wrote here; empty without its record.
std::vector<fs::path> recorded_outputs(const fs::path& folder) {
  if (!fs::exists(folder / kRecordFile)) return {};
  const auto record = nlohmann::json::parse(read_text_file(folder / kRecordFile), nullptr, false);
  if (record.is_discarded() || !record.contains("products")) {
    throw Error(ErrorKind::input, fmt::format("{} is damaged; remove it, and what is not wanted beside it",
                                              (folder / kRecordFile).string()));
  }
  std::vector<fs::path> outputs;
  for (const auto& product : record["products"])
    outputs.push_back(folder / product["folder"].get<fs::path>().filename());
  return outputs;
}

std::vector<fs::path> planned_outputs(const fs::path& folder, const std::vector<ProductJob>& jobs) {
  std::vector<fs::path> outputs = {folder / kRecordFile, folder / kLabelFile};
  for (const ProductJob& job : jobs) outputs.push_back(folder / (job.name.product() + ".SAFE"));
  return outputs;
}

// Only what this program wrote, or is about to write, is ever removed: the folder may hold real products.
void prepare_folder(const SynthOptions& options, const std::vector<ProductJob>& jobs) {
  for (const fs::path& path : planned_outputs(options.out, jobs)) {
    if (fs::exists(path) && !options.is_overwrite_allowed) {
      throw Error(ErrorKind::usage, fmt::format("{} exists; use --overwrite or another --out", path.string()));
    }
  }
  const std::vector<fs::path> stale = recorded_outputs(options.out);
  for (const fs::path& path : planned_outputs(options.out, jobs)) fs::remove_all(path);
  for (const fs::path& path : stale) fs::remove_all(path);
  fs::create_directories(options.out);
}

nlohmann::json class_records(int count) {
  nlohmann::json records = nlohmann::json::array();
  for (const LandClass& land : land_classes(count)) {
    records.push_back({{"name", land.name},
                       {"grid_code", land.grid_code},
                       {"clc_code", land.clc_code},
                       {"reflectance", land.spectrum}});
  }
  return records;
}

nlohmann::json product_record(const ProductJob& job) {
  return {{"folder", job.name.product() + ".SAFE"},
          {"baseline", job.baseline.name},
          {"tile", job.name.tile},
          {"epsg", job.plan.grid.epsg},
          {"ulx_m", job.plan.grid.ulx_m},
          {"uly_m", job.plan.grid.uly_m},
          {"size_px", job.plan.grid.columns},
          {"boa_add_offset", job.plan.boa_add_offset}};
}

// No time and no thread count: the same options give the same bytes.
std::string record_of(const SynthOptions& options, const std::vector<ProductJob>& jobs) {
  nlohmann::json products = nlohmann::json::array();
  for (const ProductJob& job : jobs) products.push_back(product_record(job));
  const nlohmann::json record = {{"program", "eoshard-synth"},
                                 {"version", kVersion},
                                 {"seed", options.seed},
                                 {"cloud_percent", options.sky.cloud_percent},
                                 {"snow_percent", options.sky.snow_percent},
                                 {"nodata_percent", options.sky.nodata_percent},
                                 {"labels", kLabelFile},
                                 {"classes", class_records(options.class_count)},
                                 {"products", products}};
  return record.dump(2) + "\n";
}

// Counts images over all products, one call of the callback at a time.
class ImageCounter {
 public:
  ImageCounter(const ProgressCallback& progress, int products)
      : progress_(progress), total_(products * kImagesPerProduct) {}

  void count_one(const std::string& product) {
    const std::scoped_lock lock(mutex_);
    ++done_;
    if (progress_) progress_({"write", done_, total_, "images", product});
  }

 private:
  const ProgressCallback& progress_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::uint64_t total_;
};

fs::path write_product(const SynthOptions& options, const ProductJob& job, const GroundMap& ground,
                       const RegionLayout& layout, ImageCounter& counter) {
  const int side_20m_px = job.plan.grid.columns * kFinestResolutionM / kSclResolutionM;
  const ProductScene scene(job.plan, ground, layout, make_sky(options.sky, options.seed, job.plan.number, side_20m_px),
                           options.seed, options.threads);
  return write_safe(options.out, job.name, job.baseline, job.plan.grid, scene, options.threads,
                    [&] { counter.count_one(job.name.product()); });
}

}  // namespace

void check_options(const SynthOptions& options) {
  require(options.size_px % kSizeStepPx == 0,
          fmt::format("--size {} is not a multiple of {}", options.size_px, kSizeStepPx));
  require(options.origin_m.size() == 2, "--origin needs two numbers, ULX,ULY in metres");
  for (const double coordinate_m : options.origin_m) {
    require(std::isfinite(coordinate_m) && coordinate_m == std::floor(coordinate_m),
            "--origin must be in whole metres");
  }
  require(options.epsg > 32600 && options.epsg <= 32660,
          fmt::format("--epsg {} is no UTM zone of the northern hemisphere (32601 to 32660)", options.epsg));
  require(!options.baselines.empty(), "--baseline needs at least one baseline");
  for (const std::string& baseline : options.baselines) parse_baseline(baseline);
  const double percent = options.sky.cloud_percent + options.sky.snow_percent + options.sky.nodata_percent;
  require(percent <= 100, fmt::format("clouds, snow and no-data sum to {} %", percent));
  require(options.sky.nodata_percent <= 50, "--nodata-percent is at most 50: the missing part is a triangle");
}

std::vector<ProductJob> lay_out(const SynthOptions& options) {
  const int columns = static_cast<int>(std::ceil(std::sqrt(options.products)));
  const int spacing_px = (options.size_px + kPatchPx - 1) / kPatchPx * kPatchPx;
  std::vector<ProductJob> jobs;
  for (int number = 0; number < options.products; ++number) {
    const int column = number % columns, row = number / columns;
    ProductJob job;
    job.baseline = parse_baseline(options.baselines[static_cast<std::size_t>(number) % options.baselines.size()]);
    job.name = name_product(job.baseline, neighbour_tile(first_tile(options), column, row), number);
    job.plan = {number, column * spacing_px, row * spacing_px, {}, job.baseline.boa_add_offset};
    job.plan.grid = {options.epsg,
                     options.origin_m[0] + kFinestResolutionM * job.plan.offset_columns,
                     options.origin_m[1] - kFinestResolutionM * job.plan.offset_rows,
                     kFinestResolutionM,
                     options.size_px,
                     options.size_px};
    jobs.push_back(std::move(job));
  }
  return jobs;
}

SceneGrid scene_grid(const SynthOptions& options, const std::vector<ProductJob>& jobs) {
  SceneGrid scene{options.epsg, options.origin_m[0], options.origin_m[1], kFinestResolutionM, 0, 0};
  for (const ProductJob& job : jobs) {
    scene.columns = std::max(scene.columns, job.plan.offset_columns + job.plan.grid.columns);
    scene.rows = std::max(scene.rows, job.plan.offset_rows + job.plan.grid.rows);
  }
  return scene;
}

std::vector<fs::path> synthesize(const SynthOptions& options, const ProgressCallback& progress) {
  check_options(options);
  const std::vector<ProductJob> jobs = lay_out(options);
  const RegionLayout layout(options.seed, options.class_count);
  const GroundMap ground = map_ground(scene_grid(options, jobs), layout, options.threads);
  with_out_place(options.out, [&] { prepare_folder(options, jobs); });
  write_label_raster(options.out / kLabelFile, ground, options.codes);
  ImageCounter counter(progress, options.products);
  std::vector<fs::path> products;
  for (const ProductJob& job : jobs) products.push_back(write_product(options, job, ground, layout, counter));
  write_file(options.out / kRecordFile, record_of(options, jobs), Durability::rename_only);
  return products;
}

}  // namespace eoshard::synth
