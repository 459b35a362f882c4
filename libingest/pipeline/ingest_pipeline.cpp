#include "libingest/pipeline/ingest_pipeline.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>

#include "libingest/assign/work_assignment.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/version.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/dataset_assembly.hpp"
#include "libingest/pipeline/label_source.hpp"
#include "libingest/pipeline/patch_extraction.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/product_survey.hpp"
#include "libingest/pipeline/source_verification.hpp"
#include "libingest/pipeline/work_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

class Ingest {
 public:
  Ingest(const IngestOptions& options, const Communicator& world, const Log& log, const ProgressCallback& progress)
      : options_(options),
        world_(world),
        log_(log),
        progress_(progress),
        work_(options.out),
        arrays_(stored_arrays(options)) {}

  DatasetManifest run() {
    check_options();
    prepare_output();
    scan_products();
    plan_work();
    extract_units();
    AssembledDataset assembled =
        assemble_dataset(sources(), work_, options_, labels_.rule.nomenclature.classes, world_, progress_);
    return commit(std::move(assembled));
  }

 private:
  struct Unit {
    std::size_t product;
    std::size_t number;  // among the product's units
  };

  void check_options() {
    world_.agree([&] {
      if (options_.sources.empty()) throw Error(ErrorKind::usage, "no product is named");
      parse_split_rule(options_.split, options_.seed);
      extraction_settings(options_);
      if (options_.no_native && options_.upsample.empty()) {
        throw Error(ErrorKind::usage, "--no-native leaves no band; add --upsample");
      }
    });
    labels_ = prepare_labels(options_, world_);
  }

  void prepare_output() {
    world_.agree([&] {
      if (!world_.is_root()) return;
      const auto start = work_.prepare(configuration_json(options_), options_.overwrite);
      if (start == WorkFolder::Start::resumed)
        log_.info("going on with the unfinished run in " + options_.out.string());
    });
  }

  // Step 1: products are dealt to ranks; each scan is committed, then all learn the outcome.
  void scan_products() { products_ = survey_products(options_, labels_, work_, world_, log_, progress_); }

  // Step 2: the units of all products are dealt to ranks; the same plan on every rank.
  void plan_work() {
    std::vector<double> costs_s;
    for (std::size_t product = 0; product < products_.size(); ++product) {
      for (std::size_t number = 0; number < products_[product].costs_s.size(); ++number) {
        units_.push_back({product, number});
        costs_s.push_back(products_[product].costs_s[number]);
      }
    }
    const WorkAssignment plan = assign_longest_first(costs_s, world_.size());
    own_units_ = plan.units_of_rank[static_cast<std::size_t>(world_.rank())];
    if (world_.is_root() && plan.ideal() > 0) {
      log_.info(
          fmt::format("{} products, {} candidate patches, {} work units on {} ranks; busiest rank over mean: {:.3f}",
                      products_.size(), candidates(), units_.size(), world_.size(), plan.makespan() / plan.ideal()));
    }
  }

  // Step 3: own units that are not committed yet.
  void extract_units() {
    std::uint64_t total = 0;
    for (const int unit : own_units_) total += products_[units_[static_cast<std::size_t>(unit)].product].candidates;
    std::uint64_t done = 0;
    world_.agree([&] {
      for (const int unit : own_units_) extract_unit(units_[static_cast<std::size_t>(unit)], done, total);
    });
  }

  void extract_unit(const Unit& unit, std::uint64_t& done, std::uint64_t total) const {
    const ScannedProduct& product = products_[unit.product];
    const std::vector<std::size_t> arrays = arrays_of_units(arrays_)[unit.number];
    std::vector<ArrayPart> parts;
    for (const std::size_t array : arrays) {
      parts.push_back({arrays_[array], work_.part_file(product.source.id_stem, arrays_[array].name)});
    }
    if (std::all_of(parts.begin(), parts.end(), [](const ArrayPart& part) { return fs::exists(part.path); })) {
      done += product.candidates;
      return;
    }
    const ProductScan scan = parse_scan(read_text_file(work_.scan_file(product.source.id_stem)));
    if (options_.check_source) check_bands(scan.product, bands_of_unit(arrays_, arrays));
    extract_patches(scan, parts, extraction_settings(options_), [&](std::size_t patches) {
      done += patches;
      report("extract", done, total, "patches and groups of this rank");
    });
  }

  // Step 5: the manifest makes the folder a dataset.
  DatasetManifest commit(AssembledDataset assembled) const {
    DatasetManifest manifest;
    manifest.program = "eoshard-ingest";
    manifest.version = kVersion;
    manifest.command_line = options_.command_line;
    manifest.configuration_json = configuration_json(options_);
    manifest.nomenclature = labels_.rule.nomenclature.name;
    manifest.classes = labels_.rule.nomenclature.classes;
    manifest.arrays = arrays_;
    manifest.is_harmonised = !options_.raw_dn;
    manifest.quantification_value = products_.front().quantification_value;
    manifest.split_rule = options_.split;
    manifest.seed = options_.seed;
    manifest.splits = std::move(assembled.splits);
    manifest.rejected = std::move(assembled.rejected);
    manifest.sources = std::move(assembled.sources);
    world_.agree([&] {
      if (!world_.is_root()) return;
      write_file(options_.out / kManifestName, manifest_text(manifest), Durability::fsync);
      work_.remove();
    });
    return manifest;
  }

  std::vector<Source> sources() const {
    std::vector<Source> sources;
    for (const ScannedProduct& product : products_) sources.push_back(product.source);
    return sources;
  }

  std::uint64_t candidates() const {
    std::uint64_t total = 0;
    for (const ScannedProduct& product : products_) total += product.candidates;
    return total;
  }

  void report(std::string_view step, std::uint64_t done, std::uint64_t total, std::string_view unit) const {
    if (progress_) progress_({step, done, total, unit, ""});
  }

  const IngestOptions& options_;
  const Communicator& world_;
  const Log& log_;
  const ProgressCallback& progress_;
  WorkFolder work_;
  std::vector<ImageArray> arrays_;
  LabelSettings labels_;
  std::vector<ScannedProduct> products_;  // in dataset order: by product name
  std::vector<Unit> units_;
  std::vector<int> own_units_;
};

}  // namespace

DatasetManifest ingest_products(const IngestOptions& options, const Communicator& world, const Log& log,
                                const ProgressCallback& progress) {
  const int share = threads_per_rank(world);
  const int threads = options.threads > 0 ? options.threads : share;
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  world.agree([] { initialise_gdal(); });
  IngestOptions resolved = options;
  resolved.sources = find_sources(options.sources, world);
  return Ingest(resolved, world, log, progress).run();
}

}  // namespace eoshard::ingest
