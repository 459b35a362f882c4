// eoshard-ingest: raw Sentinel-2 Level-2A products → a sharded dataset.
#include <fmt/format.h>

#include "libingest/core/progress.hpp"
#include "libingest/label/nomenclature.hpp"
#include "libingest/pipeline/ingest_pipeline.hpp"
#include "tools/common/program.hpp"

namespace {

using namespace eoshard;
using namespace eoshard::ingest;

struct Arguments {
  IngestOptions ingest;
  std::string out;
  std::string progress = "auto";
};

void declare_selection(CLI::App& app, FilterThresholds& thresholds) {
  const char* const group = "Selection of patches";
  const CLI::Range percent(0.0, 100.0);
  app.add_option("--max-nodata-percent", thresholds.max_nodata_percent, "Largest share of no-data pixels")
      ->check(percent)
      ->group(group);
  app.add_option("--max-cloud-percent", thresholds.max_cloud_percent,
                 "Largest share of cloud and cirrus; counts shadow too unless --max-shadow-percent is given")
      ->check(percent)
      ->group(group);
  app.add_option("--max-shadow-percent", thresholds.max_shadow_percent, "Largest share of cloud shadow on its own")
      ->check(percent)
      ->group(group);
  app.add_option("--max-snow-percent", thresholds.max_snow_percent, "Largest share of snow")
      ->check(percent)
      ->group(group);
  app.add_option("--max-saturated-percent", thresholds.max_saturated_percent, "Largest share of saturated pixels")
      ->check(percent)
      ->group(group);
}

void declare_options(CLI::App& app, Arguments& arguments) {
  IngestOptions& options = arguments.ingest;
  app.add_option("PRODUCT", options.sources, "Sentinel-2 Level-2A products (.SAFE folders)")->required();
  app.add_option("-o,--out", arguments.out, "Folder of the dataset")->required();

  const char* const labels = "Labels";
  app.add_option("--labels", options.labels,
                 "CORINE Land Cover raster: grid codes 1-44 or three-digit codes, any projection")
      ->required()
      ->group(labels);
  app.add_option("--nomenclature", options.nomenclature, "Classes: bigearthnet-19, bigearthnet-43 or corine-44")
      ->group(labels);
  app.add_option("--min-class-percent", options.min_class_percent,
                 "Share of a patch from which a class counts; 0: any pixel")
      ->check(CLI::Range(0.0, 100.0))
      ->group(labels);
  app.add_option("--min-labelled-percent", options.thresholds.min_labelled_percent,
                 "A patch is kept when more than this share carries a land-cover code")
      ->check(CLI::Range(0.0, 100.0))
      ->group(labels);

  declare_selection(app, options.thresholds);

  const char* const split = "Split";
  app.add_option("--split", options.split, "random:TRAIN/VALIDATION/TEST in per cent, by ground square")->group(split);
  app.add_option("--seed", options.seed, "Seed of the split")->group(split);

  const char* const run = "Run";
  app.add_option("--threads", options.threads, "Threads of each rank; 0: the rank's share of the node's cores")
      ->check(CLI::NonNegativeNumber)
      ->group(run);
  app.add_flag("--overwrite", options.overwrite, "Replace a finished dataset, or an unfinished one of other options")
      ->group(run);
  app.add_option("--progress", arguments.progress, "Progress on stderr: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->group(run);
  app.footer(
      "Several ranks: mpirun -n 4 eoshard-ingest --labels clc.tif --out mydata *.SAFE\n"
      "An interrupted run goes on when the same command is given again.");
}

void print_summary(const DatasetManifest& manifest, const std::filesystem::path& out) {
  fmt::print("{}: {} samples", out.string(), manifest.samples());
  for (const Split& split : manifest.splits) fmt::print(", {} {}", split.name, split.samples);
  fmt::print("; rejected");
  std::uint64_t rejected = 0;
  for (const auto& [reason, patches] : manifest.rejected) {
    if (patches > 0) fmt::print(" {} {},", reason, patches);
    rejected += patches;
  }
  fmt::print(" {} in all\n", rejected);
}

int run(Arguments& arguments, const Communicator& world, const Log& log) {
  arguments.ingest.out = arguments.out;
  ProgressBar bar(parse_progress_mode(arguments.progress), world.is_root());
  const ProgressCallback progress = [&](const Progress& now) { bar.show(now); };
  const DatasetManifest manifest = ingest_products(arguments.ingest, world, log, progress);
  bar.finish();
  if (world.is_root()) print_summary(manifest, arguments.ingest.out);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.ingest.command_line = quoted_command_line(argc, argv);
  const Program program{"eoshard-ingest", "Turn Sentinel-2 Level-2A products into a sharded training dataset",
                        MpiThreads::main_only, [&](CLI::App& app) { declare_options(app, arguments); },
                        [&](const Communicator& world, const Log& log) { return run(arguments, world, log); }};
  return run_program(program, argc, argv);
}
