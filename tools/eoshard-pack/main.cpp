// eoshard-pack: published archives (BigEarthNet v1 and v2, SAT-4, SAT-6, ...) → a sharded dataset.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/pipeline/archive_kinds.hpp"
#include "libingest/pipeline/pack_pipeline.hpp"
#include "tools/common/format_arguments.hpp"
#include "tools/common/ingest_arguments.hpp"
#include "tools/common/program.hpp"

namespace {

using namespace eoshard;
using namespace eoshard::ingest;

struct Arguments {
  PackOptions pack;
  FormatArguments formats;
  std::string out;
  bool as_json = false;
  bool list_kinds = false;
  std::string progress = "auto";
};

void declare_archive(CLI::App& app, PackOptions& options) {
  app.add_option("KIND", options.kind, "What the archive is; --list-kinds names them");
  app.add_option("SOURCE", options.source, "The archive, as downloaded or unpacked");
  const char* const group = "Archive";
  app.add_option("--metadata", options.metadata,
                 "Parquet table of BigEarthNet v2, with labels and splits; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--reference-maps", options.reference_maps,
                 "Folder Reference_Maps of BigEarthNet v2, or the tar of it: store the maps as array label_map")
      ->type_name("PATH")
      ->group(group);
  app.add_option("--nomenclature", options.nomenclature,
                 "Classes of BigEarthNet: bigearthnet-19, bigearthnet-43 or corine-44")
      ->group(group);
  app.add_option("--resize", options.resize_px,
                 "Rows and columns that all pictures are brought to; 0: they must be alike")
      ->check(CLI::Range(0, 4096))
      ->group(group);
  app.add_option("--band-names", options.band_names, "Names of the pictures' bands, in their order")
      ->delimiter(',')
      ->type_name("LIST")
      ->allow_extra_args(false)
      ->group(group);
  app.add_flag("--skip-bad", options.skip_bad,
               "Leave damaged samples out, and list them in dataset.json, instead of stopping at the first")
      ->group(group);
}

void declare_arrays(CLI::App& app, PackOptions& options) {
  const char* const group = "Arrays";
  app.add_option("--bands", options.bands, "Bands to store, e.g. B02,B03,B04")
      ->delimiter(',')
      ->type_name("LIST")
      ->default_str("all")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--upsample", options.upsample,
                 "Add data_super, every band on the finest grid: nearest, bilinear or bicubic")
      ->check(CLI::IsMember({"nearest", "bilinear", "bicubic"}))
      ->group(group);
  app.add_flag("--no-native", options.no_native, "Leave the native grids out; with --upsample")->group(group);
}

void declare_split(CLI::App& app, PackOptions& options) {
  const char* const group = "Split";
  app.add_option(
         "--split", options.split,
         "lists:TRAIN,VALIDATION,TEST (files of sample names, plain or compressed) or random:70/15/15 (a draw by "
         "name and seed)")
      ->default_str("as the kind says")
      ->group(group);
  app.add_option("--unlisted", options.unlisted, "Where samples in no list go: drop, train, validation or test")
      ->group(group);
  app.add_option("--exclude-list", options.exclude_lists,
                 "File of sample names that are left out; may be given several times")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--seed", options.seed, "Seed of a random split")->check(seed_number())->group(group);
}

void declare_options(CLI::App& app, Arguments& arguments) {
  PackOptions& options = arguments.pack;
  declare_archive(app, options);
  declare_arrays(app, options);
  declare_split(app, options);
  declare_formats(app, arguments.formats);
  app.add_option("-o,--out", arguments.out, "Folder of the dataset");
  app.add_flag("--list-kinds", arguments.list_kinds, "Print the kinds of archives and stop");

  const char* const run = "Run";
  declare_threads(app, options.threads);
  app.add_flag("--overwrite", options.overwrite, "Replace a finished dataset, or an unfinished one of other options")
      ->group(run);
  app.add_flag("--json", arguments.as_json, "Print the outcome and where the time went as JSON")->group(run);
  declare_progress(app, arguments.progress);
  app.footer(
      "Several ranks: mpirun -n 4 eoshard-pack bigearthnet-v1 --split lists:train.csv,val.csv,test.csv\n"
      "  --out mydata BigEarthNet-S2-v1.0.tar.gz\n"
      "An interrupted run goes on when the same command is given again.");
}

void print_kinds() {
  for (const ArchiveKind& kind : archive_kinds()) fmt::print("{:<16}{}\n", kind.name, kind.description);
}

void print_result(const PackResult& result, const PackOptions& options, bool as_json) {
  using Json = nlohmann::ordered_json;
  const DatasetManifest& manifest = result.manifest;
  if (as_json) {
    Json splits = Json::object();
    for (const Split& split : manifest.splits) splits[split.name] = split.samples;
    const Json json = {{"dataset", options.out.string()},
                       {"samples", manifest.samples()},
                       {"splits", splits},
                       {"rejected", manifest.rejected},
                       {"run", Json::parse(to_json_text(result.summary))}};
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} samples", options.out.string(), manifest.samples());
  for (const Split& split : manifest.splits) fmt::print(", {} {}", split.name, split.samples);
  for (const auto& [reason, samples] : manifest.rejected) {
    if (samples > 0) fmt::print("; left out {} {}", reason, samples);
  }
  fmt::print("\n{}", to_text(result.summary));
}

PackOptions settle_options(const Arguments& arguments, const CLI::App& app) {
  if (arguments.pack.kind.empty()) throw Error(ErrorKind::usage, "no kind of archive is named; see --list-kinds");
  if (arguments.out.empty()) throw Error(ErrorKind::usage, "--out is required");
  PackOptions options = arguments.pack;
  options.out = arguments.out;
  options.formats = settle_formats(arguments.formats, app);
  return options;
}

int run(const Arguments& arguments, const CLI::App& app, const Communicator& world, const Log& log) {
  if (arguments.list_kinds) {
    if (world.is_root()) print_kinds();
    return 0;
  }
  PackOptions options;
  world.agree([&] { options = settle_options(arguments, app); });
  ProgressBar bar(parse_progress_mode(arguments.progress), world.is_root());
  const ProgressCallback progress = [&](const Progress& now) { bar.show(now); };
  const PackResult result = pack_archive(options, world, log, progress);
  bar.finish();
  if (world.is_root()) print_result(result, options, arguments.as_json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.pack.command_line = quoted_command_line(argc, argv);
  Program program;
  program.name = "eoshard-pack";
  program.description = "Turn a published archive into a sharded training dataset";
  const CLI::App* parsed = nullptr;
  program.declare_options = [&](CLI::App& app) {
    declare_options(app, arguments);
    parsed = &app;
  };
  program.run = [&](const Communicator& world, const Log& log) { return run(arguments, *parsed, world, log); };
  return run_program(program, argc, argv);
}
