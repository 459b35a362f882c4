#include "libingest/pipeline/plan_survey.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/calibration_sample.hpp"
#include "libingest/pipeline/label_source.hpp"
#include "libingest/pipeline/list_contents.hpp"
#include "libingest/pipeline/patch_extraction.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "libingest/pipeline/work_plan.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr double kBusyLoad = 1.5;  // a core

// A folder of this rank for its scans, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "eoshard-plan-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw Error(ErrorKind::io, "no folder can be made in " + fs::temp_directory_path().string() + "; set TMPDIR");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// What the scan itself would store is no part of the plan.
IngestOptions without_scan_arrays(IngestOptions options) {
  std::erase(options.bands, kSclBand);
  options.label_map = false;
  return options;
}

// Scans that this rank made, of products spread evenly over all.
std::vector<ProductScan> own_scans(const std::vector<ScannedProduct>& products, const WorkFolder& work, int wanted) {
  std::vector<fs::path> files;
  for (const ScannedProduct& product : products) {
    const fs::path file = work.scan_file(product.source.id_stem);
    if (product.candidates > 0 && fs::exists(file)) files.push_back(file);
  }
  std::vector<ProductScan> scans;
  for (const std::size_t index : sample_evenly(files.size(), static_cast<std::size_t>(wanted)))
    scans.push_back(parse_scan(read_text_file(files[index])));
  return scans;
}

// Processes that share the caches and the cores' units make each other's CPU seconds longer.
void warn_of_other_work(const Log& log) {
  double load = 0;
  const double cores = std::thread::hardware_concurrency();
  if (::getloadavg(&load, 1) == 1 && load > kBusyLoad * cores) {
    log.warning(
        fmt::format("the machine is busy (load {:.1f} on {:.0f} cores): the rates may be 15 % off; plan again on a "
                    "quiet one for better times",
                    load, cores));
  }
}

WorkRates calibrate_on_root(const std::vector<ScannedProduct>& products, const WorkFolder& work,
                            const IngestOptions& options, CalibrationSettings calibration, const Communicator& world,
                            const Log& log) {
  calibration.upsample = extraction_settings(options).upsample;
  calibration.scratch = work.out();
  WorkRates rates = standard_rates();
  world.agree([&] {
    if (!world.is_root() || calibration.tiles == 0) return;
    warn_of_other_work(log);
    rates = calibrate_rates(own_scans(products, work, calibration.products), stored_arrays(options), calibration);
  });
  return parse_rates(world.broadcast(rates_json(rates)));
}

}  // namespace

PlanSurvey survey_for_plan(const IngestOptions& given, const CalibrationSettings& calibration,
                           const Communicator& world, const Log& log, const ProgressCallback& progress) {
  const int threads = given.threads > 0 ? given.threads : threads_per_rank(world);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  world.agree([] { initialise_gdal(); });
  IngestOptions options = given;
  options.sources = find_sources(given.sources, world);
  options.list_contents = checksums_of_lists(given, world);
  PlanSurvey survey{configuration_json(options), {}, {}};
  options = without_scan_arrays(options);

  std::optional<ScratchFolder> scratch;
  std::optional<WorkFolder> work;
  world.agree([&] {
    parse_split_rule(options.split, options.seed);
    work.emplace(scratch.emplace().path());
    work->prepare(survey.configuration_json, false);
  });
  const LabelSettings labels = prepare_labels(options, world);
  survey.products = survey_products(options, labels, *work, world, log, progress);
  survey.rates = calibrate_on_root(survey.products, *work, options, calibration, world, log);
  return survey;
}

}  // namespace eoshard::ingest
