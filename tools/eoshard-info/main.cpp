// eoshard-info: what a dataset holds, and whether all of it can be read.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "libingest/core/file.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/pipeline/dataset_report.hpp"
#include "libingest/pipeline/dataset_verifier.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "tools/common/program.hpp"

namespace {

using namespace eoshard;
using namespace eoshard::ingest;
using Json = nlohmann::ordered_json;

struct Arguments {
  std::string dataset;
  bool as_json = false;
  bool verify = false;
  std::string report;  // path; empty: none
  bool overwrite = false;
  int threads = 0;
  std::string progress = "auto";
};

std::vector<std::string> bands_in_cube_order(const DatasetManifest& manifest) {
  std::vector<std::string> bands;
  for (const BandStatistics& band : manifest.splits.front().statistics) bands.push_back(band.band);
  return bands;
}

// The manifest with the figures that scripts ask for first.
Json summary_json(const DatasetManifest& manifest) {
  Json json = {{"samples", manifest.samples()}, {"bands", bands_in_cube_order(manifest)}};
  json.update(Json::parse(manifest_text(manifest)));
  return json;
}

Json to_json(const Verification& verification) {
  Json damages = Json::array();
  for (const Damage& damage : verification.damages) {
    damages.push_back({{"split", damage.split},
                       {"format", damage.format},
                       {"array", damage.array},
                       {"index", damage.index},
                       {"patch_id", damage.patch_id},
                       {"reason", damage.reason}});
  }
  return {{"chunks", verification.chunks}, {"ok", verification.damages.empty()}, {"damages", damages}};
}

void print_classes(const DatasetManifest& manifest) {
  fmt::print("\n{:<60}", "class");
  for (const Split& split : manifest.splits) fmt::print(" {:>10}", split.name);
  fmt::print("\n");
  for (std::size_t index = 0; index < manifest.classes.size(); ++index) {
    fmt::print("{:<60.60}", manifest.classes[index]);
    for (const Split& split : manifest.splits) fmt::print(" {:>10}", split.class_counts[index]);
    fmt::print("\n");
  }
}

void print_bands(const Split& split) {
  fmt::print("\n{:<6} {:>10} {:>10} {:>7} {:>7}   ({} split, stored units)\n", "band", "mean", "std", "min", "max",
             split.name);
  for (const BandStatistics& band : split.statistics) {
    fmt::print("{:<6} {:>10.2f} {:>10.2f} {:>7} {:>7}\n", band.band, band.mean, band.standard_deviation, band.minimum,
               band.maximum);
  }
}

std::string describe_formats(const DatasetFormats& formats) {
  const std::string hdf5 =
      fmt::format("HDF5 ({}, {})", formats.hdf5_layout == Hdf5Layout::single ? "a file a split" : "a file a shard",
                  formats.hdf5_compression == Hdf5Compression::zstd ? "zstd" : "uncompressed");
  if (!formats.hdf5) return "Zarr v3 shards";
  return formats.zarr ? "Zarr v3 shards and " + hdf5 : hdf5;
}

// A packed dataset's one source is an archive, of the kind that its name says.
std::string describe_sources(const DatasetManifest& manifest) {
  if (manifest.program == "eoshard-pack" && manifest.sources.size() == 1)
    return fmt::format("from an archive of kind {}", manifest.sources.front().product);
  return fmt::format("{} product{}", manifest.sources.size(), manifest.sources.size() == 1 ? "" : "s");
}

void print_text(const DatasetManifest& manifest, const std::string& dataset) {
  fmt::print("{}: {} samples, {} classes ({}, {}), {}, made by {} {}\n", dataset, manifest.samples(),
             manifest.classes.size(), manifest.nomenclature, manifest.task, describe_sources(manifest),
             manifest.program, manifest.version);
  fmt::print("  stored as {}\n", describe_formats(manifest.formats));
  for (const Split& split : manifest.splits) fmt::print("  {:<10} {:>10} samples\n", split.name, split.samples);
  for (const auto& [reason, patches] : manifest.rejected) {
    if (patches > 0) fmt::print("  rejected   {:>10} {}\n", patches, reason);
  }
  for (const ImageArray& array : manifest.arrays) {
    fmt::print("  {:<10} {} [N,{}] {}\n", array.name, array.dtype, fmt::join(array.sample_shape, ","),
               fmt::join(array.bands, " "));
  }
  if (!manifest.classes.empty()) print_classes(manifest);
  print_bands(manifest.splits.front());
}

void print_verification(const Verification& verification) {
  for (const Damage& damage : verification.damages) {
    const std::string place = damage.index < 0 ? "" : fmt::format(" sample {} ({})", damage.index, damage.patch_id);
    const char* const format = damage.format == "hdf5" ? "HDF5 " : "";
    fmt::print("damaged: {} {}{}{}: {}\n", damage.split, format, damage.array, place, damage.reason);
  }
  fmt::print("verified {} chunks: {}\n", verification.chunks,
             verification.damages.empty() ? "all are whole" : fmt::format("{} damaged", verification.damages.size()));
}

void check_report_path(const Arguments& arguments) {
  if (arguments.overwrite || !std::filesystem::exists(arguments.report)) return;
  throw Error(ErrorKind::input,
              fmt::format("--report {}: the file exists; use --overwrite to replace it", arguments.report));
}

void write_report(const Arguments& arguments, const DatasetManifest& manifest) {
  write_file(arguments.report, dataset_report(arguments.dataset, manifest), Durability::rename_only);
  if (!arguments.as_json) fmt::print("\nreport: {}\n", arguments.report);
}

int run(const Arguments& arguments) {
  if (!arguments.report.empty()) check_report_path(arguments);
  const DatasetManifest manifest = read_manifest(arguments.dataset);
  Json json = summary_json(manifest);
  if (!arguments.as_json) print_text(manifest, arguments.dataset);
  if (!arguments.report.empty()) write_report(arguments, manifest);
  bool is_whole = true;
  if (arguments.verify) {
    ProgressBar bar(parse_progress_mode(arguments.progress), true);
    const ProgressCallback progress = [&](const Progress& now) { bar.show(now); };
    const Verification verification = verify_dataset(arguments.dataset, manifest, arguments.threads, progress);
    bar.finish();
    is_whole = verification.damages.empty();
    json["verification"] = to_json(verification);
    if (!arguments.as_json) print_verification(verification);
  }
  if (arguments.as_json) fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  return is_whole ? 0 : 1;
}

void declare_options(CLI::App& app, Arguments& arguments) {
  app.add_option("DATASET", arguments.dataset, "Folder of the dataset")->required();
  app.add_flag("--json", arguments.as_json, "Print the summary, and what --verify finds, as JSON");
  app.add_flag("--verify", arguments.verify, "Read and check every chunk; exit 1 when one is damaged");
  app.add_option("--report", arguments.report,
                 "Write a page of HTML to look at: counts, maps, histograms, pictures; an existing file is kept")
      ->type_name("FILE");
  app.add_flag("--overwrite", arguments.overwrite, "Replace the file of --report");
  app.add_option("--threads", arguments.threads, "Threads for --verify; 0: all cores")->check(CLI::Range(0, 1024));
  app.add_option("--progress", arguments.progress, "Progress on stderr: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  Program program;
  program.name = "eoshard-info";
  program.description = "Say what a dataset holds, and whether all of it can be read";
  program.declare_options = [&](CLI::App& app) { declare_options(app, arguments); };
  program.run_alone = [&](const Log&) { return run(arguments); };
  return run_program(program, argc, argv);
}
