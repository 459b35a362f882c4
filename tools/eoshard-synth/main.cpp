// eoshard-synth: synthetic Sentinel-2 Level-2A products and the CORINE-like raster that labels them.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "libingest/core/error.hpp"
#include "tools/common/program.hpp"
#include "tools/eoshard-synth/synthesis.hpp"

namespace {

using namespace eoshard;
using namespace eoshard::synth;

struct Settings {
  SynthOptions options;
  std::string codes = "grid";
  std::string progress = "auto";
};

void declare_scene(CLI::App& app, SynthOptions& options) {
  app.add_option("--products", options.products, "Number of products, side by side")->check(CLI::Range(1, 400));
  app.add_option("--size", options.size_px,
                 "Side of a product in 10 m pixels, a multiple of 60; a full granule has 10980")
      ->check(CLI::Range(120, 10980));
  app.add_option("--classes", options.class_count, "Number of land classes")->check(CLI::Range(1, kMaxClasses));
  app.add_option("--seed", options.seed, "The same seed and options give the same bytes")->check(seed_number());
  app.add_option("--epsg", options.epsg, "UTM zone of all products, 32601 to 32660");
  app.add_option("--origin", options.origin_m, "Upper-left corner of the first product, ULX,ULY in metres")
      ->delimiter(',')
      ->expected(2)
      ->default_str("300000,5500020");
  app.add_option("--tile", options.tile,
                 "MGRS tile of the first product (default: ULV of the zone); others get neighbours");
}

void declare_sky(CLI::App& app, SkyOptions& sky) {
  app.add_option("--cloud-percent", sky.cloud_percent, "Pixels under clouds and cirrus")->check(number_between(0, 100));
  app.add_option("--snow-percent", sky.snow_percent, "Pixels under snow, before clouds")->check(number_between(0, 100));
  app.add_option("--nodata-percent", sky.nodata_percent, "Pixels in the missing corner")->check(number_between(0, 50));
}

void declare_options(CLI::App& app, Settings& settings) {
  SynthOptions& options = settings.options;
  options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  app.add_option("--out", options.out, "Folder for the .SAFE folders, clc.tif and synth.json")->required();
  declare_scene(app, options);
  app.add_option("--baseline", options.baselines,
                 "Processing baselines, e.g. 02.06,04.00, dealt over the products in turn")
      ->delimiter(',');
  declare_sky(app, options.sky);
  app.add_option("--codes", settings.codes, "Values of clc.tif: grid (1 to 44) or clc (111 to 523)")
      ->check(CLI::IsMember({"grid", "clc"}));
  app.add_option("--threads", options.threads, "Images written at once, at most 15")
      ->check(CLI::Range(1, 1024))
      ->default_str("all cores");
  app.add_option("--progress", settings.progress, "auto, always or never");
  app.add_flag("--overwrite", options.is_overwrite_allowed, "Replace what an earlier run wrote to --out");
}

int run(Settings& settings) {
  settings.options.codes = settings.codes == "grid" ? LabelCodes::grid : LabelCodes::clc;
  ProgressBar bar(parse_progress_mode(settings.progress), true);
  prepare_gdal();
  const auto products = synthesize(settings.options, [&](const Progress& progress) { bar.show(progress); });
  bar.finish();
  for (const auto& product : products) fmt::print("{}\n", product.string());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Program program;
  program.name = "eoshard-synth";
  program.description =
      "Writes synthetic Sentinel-2 L2A products and a CORINE label raster whose classes a network can learn";
  program.declare_options = [&](CLI::App& app) { declare_options(app, settings); };
  program.run_alone = [&](const Log&) { return run(settings); };
  return run_program(program, argc, argv);
}
