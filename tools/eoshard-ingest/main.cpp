// eoshard-ingest: raw Sentinel-2 Level-2A products → a sharded dataset.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/core/nomenclature.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/pipeline/ingest_pipeline.hpp"
#include "libingest/pipeline/selection_report.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "tools/common/format_arguments.hpp"
#include "tools/common/ingest_arguments.hpp"
#include "tools/common/program.hpp"

namespace {

using namespace eoshard;
using namespace eoshard::ingest;

struct Arguments {
  IngestOptions ingest;
  FormatArguments formats;
  std::string out;
  std::string resume;
  bool as_json = false;
  std::string progress = "auto";
  bool dry_run = false;
};

void declare_options(CLI::App& app, Arguments& arguments) {
  IngestOptions& options = arguments.ingest;
  declare_ingest_arguments(app, options);
  declare_formats(app, arguments.formats);
  app.add_option("-o,--out", arguments.out, "Folder of the dataset");

  const char* const run = "Run";
  declare_threads(app, options.threads);
  CLI::Option* const assign = declare_assign(app, options.assign);
  app.add_option("--plan", options.plan,
                 "Deal work to ranks as this file of eoshard-plan says; refused where it does not fit the run")
      ->excludes(assign)
      ->group(run);
  app.add_option("--resume", arguments.resume, "Go on with the interrupted run in this folder, with its options")
      ->group(run);
  app.add_flag("--append", options.append,
               "Add the products behind the samples of the dataset in --out, which keep their indices and bytes")
      ->group(run);
  app.add_flag("--overwrite", options.overwrite, "Replace a finished dataset, or an unfinished one of other options")
      ->group(run);
  app.add_flag("--dry-run", arguments.dry_run,
               "Print what would be kept and rejected; reads no reflectance band and writes nothing")
      ->group(run);
  app.add_flag("--json", arguments.as_json,
               "Print the outcome and where the time went, or the counts of --dry-run, as JSON")
      ->group(run);
  declare_progress(app, arguments.progress);
  app.footer(
      "Several ranks: mpirun -n 4 eoshard-ingest --labels clc.tif --out mydata *.SAFE\n"
      "An interrupted run goes on when the same command is given again.");
}

// What scripts ask for after a run.
std::string result_json(const IngestResult& result, const std::filesystem::path& out) {
  nlohmann::ordered_json splits = nlohmann::ordered_json::object();
  for (const Split& split : result.manifest.splits) splits[split.name] = split.samples;
  const nlohmann::ordered_json json = {{"dataset", out.string()},
                                       {"samples", result.manifest.samples()},
                                       {"splits", splits},
                                       {"rejected", result.manifest.rejected},
                                       {"run", nlohmann::ordered_json::parse(to_json_text(result.summary))}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
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

// Options that stay free when an interrupted run is resumed: they do not shape the dataset.
bool is_free_with_resume(const std::string& option) {
  constexpr std::array<std::string_view, 7> kFree = {"resume",   "threads", "assign", "plan",
                                                     "progress", "json",    "verbose"};
  return std::find(kFree.begin(), kFree.end(), option) != kFree.end();
}

void check_resume_stands_alone(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0 || is_free_with_resume(option->get_single_name())) continue;
    throw Error(ErrorKind::usage,
                fmt::format("--resume takes {} from the interrupted run; leave it away", option->get_name()));
  }
}

void check_is_complete(const Arguments& arguments) {
  if (arguments.ingest.sources.empty()) throw Error(ErrorKind::usage, "no product is named (PRODUCT...)");
  if (arguments.ingest.labels.empty()) throw Error(ErrorKind::usage, "--labels is required");
  if (arguments.out.empty() && !arguments.dry_run) throw Error(ErrorKind::usage, "--out is required");
}

// The options given, or with --resume those of the interrupted run.
IngestOptions settle_options(const Arguments& arguments, const CLI::App& app) {
  if (arguments.resume.empty()) {
    check_is_complete(arguments);
    IngestOptions options = arguments.ingest;
    options.out = arguments.out;
    options.formats = settle_formats(arguments.formats, app);
    return options;
  }
  check_resume_stands_alone(app);
  IngestOptions options = parse_configuration(WorkFolder(arguments.resume).read_configuration());
  options.out = arguments.resume;
  options.threads = arguments.ingest.threads;
  options.assign = arguments.ingest.assign;
  options.plan = arguments.ingest.plan;
  options.command_line = arguments.ingest.command_line;
  return options;
}

int run(const Arguments& arguments, const CLI::App& app, const Communicator& world, const Log& log) {
  IngestOptions options;
  world.agree([&] { options = settle_options(arguments, app); });
  ProgressBar bar(parse_progress_mode(arguments.progress), world.is_root());
  const ProgressCallback progress = [&](const Progress& now) { bar.show(now); };
  if (arguments.dry_run) {
    const std::vector<ScannedProduct> products = rehearse_ingest(options, world, log, progress);
    bar.finish();
    if (world.is_root()) fmt::print("{}", arguments.as_json ? selection_json(products) : selection_text(products));
    return 0;
  }
  const IngestResult result = ingest_products(options, world, log, progress);
  bar.finish();
  if (!world.is_root()) return 0;
  if (result.manifest.samples() == 0) {
    log.warning(fmt::format("no patch was kept; {} says why", (options.out / "rejected.csv").string()));
  }
  if (arguments.as_json) {
    fmt::print("{}\n", result_json(result, options.out));
  } else {
    print_summary(result.manifest, options.out);
    fmt::print("{}", to_text(result.summary));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.ingest.command_line = quoted_command_line(argc, argv);
  Program program;
  program.name = "eoshard-ingest";
  program.description = "Turn Sentinel-2 Level-2A products into a sharded training dataset";
  const CLI::App* parsed = nullptr;
  program.declare_options = [&](CLI::App& app) {
    declare_options(app, arguments);
    parsed = &app;
  };
  program.run = [&](const Communicator& world, const Log& log) { return run(arguments, *parsed, world, log); };
  return run_program(program, argc, argv);
}
