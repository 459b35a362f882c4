#include "libingest/pipeline/ingest_pipeline.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "libingest/assign/assign_method.hpp"
#include "libingest/core/byte_text.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/version.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/mpi/root_text.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libingest/pipeline/append_fit.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/dataset_assembly.hpp"
#include "libingest/pipeline/label_source.hpp"
#include "libingest/pipeline/list_contents.hpp"
#include "libingest/pipeline/patch_extraction.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/product_survey.hpp"
#include "libingest/pipeline/source_verification.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "libingest/pipeline/work_plan.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class Ingest {
 public:
  Ingest(const IngestOptions& options, const Communicator& world, const Log& log, const ProgressCallback& progress,
         int threads)
      : options_(options),
        world_(world),
        log_(log),
        progress_(progress),
        threads_(threads),
        work_(options.out),
        arrays_(stored_arrays(options)) {}

  std::vector<ScannedProduct> rehearse() {
    check_options();
    return rehearse_survey(options_, labels_, world_, log_, progress_);
  }

  IngestResult run() {
    const Clock::time_point start = Clock::now();
    check_options();
    const WorkFolder::Start how = prepare_output();
    if (how == WorkFolder::Start::finished) return tidy_up();
    load_base();
    times_.scan_s = timed([&] { scan_products(); });
    if (base_ != nullptr) check_append();
    plan_work();
    const double cpu_before_s = process_cpu_seconds();
    times_.extract_s = timed([&] { extract_units(); });
    times_.extract_cpu_s = process_cpu_seconds() - cpu_before_s;
    AssembledDataset assembled;
    times_.assemble_s = timed([&] {
      const Drafts drafts = how == WorkFolder::Start::fresh ? Drafts::adopted : Drafts::copied;
      assembled = assemble_dataset(sources(), work_, options_, labels_.rule.nomenclature.classes, base_.get(), drafts,
                                   world_, progress_);
    });
    DatasetManifest manifest = commit(std::move(assembled));
    gather_times(times_, stage_times_, threads_, world_, summary_);
    summary_.wall_s = seconds_since(start);
    return {std::move(manifest), summary_};
  }

 private:
  // What ranks tell each other while they extract.
  enum Counter : std::size_t { kBytesAtHand, kBytesExtracted, kZeroPatches, kCounters };

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
      parse_assign_method(options_.assign);
      if (options_.append && options_.overwrite) {
        throw Error(ErrorKind::usage, "--append keeps the dataset, --overwrite replaces it; give one of them");
      }
      if (options_.append && options_.formats.hdf5 && options_.formats.hdf5_layout == Hdf5Layout::single) {
        throw Error(ErrorKind::usage, "--append goes with files of shards, not with --hdf5-layout single");
      }
    });
    labels_ = prepare_labels(options_, world_);
  }

  WorkFolder::Start prepare_output() {
    WorkFolder::Start start{};
    world_.agree([&] {
      if (!world_.is_root()) return;
      const bool had_run = work_.has_run();
      start = options_.append ? prepare_append() : work_.prepare(configuration_json(options_), options_.overwrite);
      if (start == WorkFolder::Start::resumed)
        log_.info("going on with the unfinished run in " + options_.out.string());
      if (start == WorkFolder::Start::fresh && had_run && !options_.overwrite) {
        log_.warning("an unfinished run with other options in " + options_.out.string() +
                     " is given up: it had extracted nothing");
      }
    });
    return static_cast<WorkFolder::Start>(std::stoi(world_.broadcast(std::to_string(static_cast<int>(start)))));
  }

  WorkFolder::Start prepare_append() const {
    const WorkFolder::Start start = work_.prepare_append(configuration_json(options_));
    if (is_append_committed(work_)) return WorkFolder::Start::finished;
    save_base(work_);
    return start;
  }

  // With --append: what every rank must know of the dataset before.
  void load_base() {
    if (!options_.append) return;
    const std::string manifest = read_at_root(world_, [&] { return read_base_manifest(work_); });
    world_.agree([&] { base_ = std::make_unique<BaseDataset>(work_, manifest); });
  }

  // A refused append leaves nothing behind that would stand in the way of the next: no band has been decoded yet.
  void check_append() const {
    world_.agree([&] {
      try {
        check_fit_to_base(products_, *base_, work_, options_, world_);
      } catch (const Error&) {
        if (world_.is_root()) work_.remove();
        throw;
      }
    });
  }

  // The earlier run was stopped when all but this was done.
  IngestResult tidy_up() {
    DatasetManifest manifest = parse_manifest(read_at_root(world_, [&] { return read_manifest_text(options_.out); }));
    world_.agree([&] {
      if (world_.is_root()) work_.remove();
    });
    gather_times(times_, stage_times_, threads_, world_, summary_);
    return {std::move(manifest), summary_};
  }

  // Step 1: products are dealt to ranks; each scan is committed, then all learn the outcome.
  void scan_products() { products_ = survey_products(options_, labels_, work_, world_, log_, progress_); }

  // Step 2: the units of all products are dealt to ranks; the same on every rank.
  void plan_work() {
    for (std::size_t product = 0; product < products_.size(); ++product) {
      for (std::size_t number = 0; number < products_[product].units.size(); ++number)
        units_.push_back({product, number});
    }
    const WorkAssignment plan = options_.plan.empty() ? own_assignment() : given_assignment();
    times_.predicted_cpu_s = plan.load_of_rank[static_cast<std::size_t>(world_.rank())];
    own_units_ = plan.units_of_rank[static_cast<std::size_t>(world_.rank())];
    if (world_.is_root() && plan.ideal() > 0) {
      log_.info(
          fmt::format("{} products, {} candidate patches, {} work units on {} ranks; busiest rank over mean: {:.3f}",
                      products_.size(), candidates(), units_.size(), world_.size(), plan.imbalance()));
    }
  }

  WorkAssignment own_assignment() const {
    return assign_products(product_work(products_, standard_rates()), parse_assign_method(options_.assign),
                           world_.size());
  }

  WorkAssignment given_assignment() const {
    const std::string text = read_at_root(world_, [&] { return read_text_file(options_.plan); });
    WorkAssignment assignment;
    world_.agree([&] {
      with_context(options_.plan, [&] {
        assignment = find_assignment(parse_plan(text), world_.size(), configuration_json(options_), products_);
      });
    });
    return assignment;
  }

  // Step 3: own units that are not committed yet.
  void extract_units() {
    const auto extract_own = [&](Watch& watch) {
      for (const int unit : own_units_) extract_unit(units_[static_cast<std::size_t>(unit)], watch);
    };
    const Clock::time_point start = Clock::now();
    const std::uint64_t total = total_bytes();
    supervise(world_, kCounters, extract_own, [&](std::span<const std::uint64_t> sums) {
      summary_.bytes = sums[kBytesExtracted];
      if (world_.is_root()) report_extraction(sums, total, seconds_since(start));
    });
  }

  void extract_unit(const Unit& unit, Watch& watch) {
    watch.check();
    const ScannedProduct& product = products_[unit.product];
    const std::vector<ArrayPart> parts = parts_of(unit);
    if (std::all_of(parts.begin(), parts.end(), [](const ArrayPart& part) { return fs::exists(part.path); })) {
      watch.add(kBytesAtHand, product.candidates * bytes_per_patch(parts));
      return;
    }
    const ProductScan scan = parse_scan(read_text_file(work_.scan_file(product.source.id_stem)));
    if (options_.check_source) check_bands(scan.product, bands_of_unit(arrays_, arrays_of_units(arrays_)[unit.number]));
    const ExtractionPlace place{parts, first_samples(unit.product)};
    extract_patches(scan, place, extraction_settings(options_), stage_times_, [&](const ExtractedRow& row) {
      watch.check();
      watch.add(kBytesAtHand, row.bytes);
      watch.add(kBytesExtracted, row.bytes);
      if (unit.number == 0 && !options_.keep_zero_pixels) watch.add(kZeroPatches, row.zero_patches);
    });
  }

  // Of a product, if all candidates of those before it stay.
  FirstSamples first_samples(std::size_t product) const {
    FirstSamples first{};
    for (std::size_t split = 0; split < first.size(); ++split) {
      if (base_ != nullptr) first[split] = base_->samples(split);
      for (std::size_t before = 0; before < product; ++before)
        first[split] += static_cast<std::int64_t>(products_[before].split_candidates[split]);
    }
    return first;
  }

  std::vector<ArrayPart> parts_of(const Unit& unit) const {
    const std::vector<std::size_t> arrays = arrays_of_units(arrays_)[unit.number];
    std::vector<ArrayPart> parts;
    for (const std::size_t array : arrays) {
      const std::string& product = products_[unit.product].source.id_stem;
      parts.push_back({arrays_[array], work_.part_file(product, arrays_[array].name)});
    }
    return parts;
  }

  // All ranks together. A patch counts as done in proportion to its bytes in all arrays.
  void report_extraction(std::span<const std::uint64_t> sums, std::uint64_t total_bytes, double elapsed_s) const {
    if (!progress_ || total_bytes == 0) return;
    const double share = static_cast<double>(sums[kBytesAtHand]) / static_cast<double>(total_bytes);
    const double bytes_per_s = elapsed_s > 0 ? static_cast<double>(summary_.bytes) / elapsed_s : 0;
    const std::string rate = bytes_per_s > 0 ? rate_text(bytes_per_s) + "; " : "";  // none before the first row
    const std::string note = fmt::format("{}rejected {}", rate, rejected_text(sums[kZeroPatches]));
    const auto done = static_cast<std::uint64_t>(share * static_cast<double>(candidates()));
    progress_({"extract", done, candidates(), "patches", note});
  }

  // "cloud 12, snow 3", or "none"; with the zero pixels that extraction has met in the first array so far.
  std::string rejected_text(std::uint64_t zero_patches) const {
    std::map<std::string, std::uint64_t> rejected;
    for (const ScannedProduct& product : products_) {
      for (const auto& [reason, patches] : product.source.rejected) rejected[reason] += patches;
    }
    if (zero_patches > 0) rejected["zero_pixels"] += zero_patches;
    std::string text;
    for (const auto& [reason, patches] : rejected)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, patches);
    return text.empty() ? "none" : text;
  }

  std::uint64_t total_bytes() const {
    std::uint64_t bytes = 0;
    for (const Unit& unit : units_) bytes += products_[unit.product].candidates * bytes_per_patch(parts_of(unit));
    return bytes;
  }

  // Step 5: the manifest makes the folder a dataset.
  DatasetManifest commit(AssembledDataset assembled) const {
    DatasetManifest manifest;
    manifest.program = "eoshard-ingest";
    manifest.version = kVersion;
    manifest.command_line = options_.command_line;
    manifest.configuration_json = configuration_of_dataset();
    manifest.nomenclature = labels_.rule.nomenclature.name;
    manifest.classes = labels_.rule.nomenclature.classes;
    manifest.arrays = arrays_;
    manifest.formats = options_.formats;
    manifest.is_harmonised = !options_.raw_dn;
    manifest.quantification_value = products_.front().quantification_value;
    manifest.split_rule = escape_bytes(options_.split);  // of lists: paths, which may be no UTF-8
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

  // With --append, the products of all runs.
  std::string configuration_of_dataset() const {
    auto configuration = nlohmann::ordered_json::parse(configuration_json(options_));
    if (base_ == nullptr) return configuration.dump();
    auto sources = nlohmann::ordered_json::parse(base_->manifest().configuration_json).at("sources");
    for (const auto& source : configuration.at("sources")) sources.push_back(source);
    configuration["sources"] = sources;
    return configuration.dump();
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

  const IngestOptions& options_;
  const Communicator& world_;
  const Log& log_;
  const ProgressCallback& progress_;
  int threads_;
  WorkFolder work_;
  std::unique_ptr<BaseDataset> base_;  // with --append
  std::vector<ImageArray> arrays_;
  LabelSettings labels_;
  std::vector<ScannedProduct> products_;  // in dataset order: by product name
  std::vector<Unit> units_;
  std::vector<int> own_units_;
  StageTimes stage_times_;
  RankTimes times_;
  RunSummary summary_;
};

}  // namespace

namespace {

// Runs `work` on an Ingest of the found sources, on this rank's threads.
template <class Work>
auto with_ingest(const IngestOptions& options, const Communicator& world, const Log& log,
                 const ProgressCallback& progress, const Work& work) {
  const int share = threads_per_rank(world);
  const int threads = options.threads > 0 ? options.threads : share;
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  world.agree([] { initialise_gdal(); });
  IngestOptions resolved = options;
  resolved.sources = find_sources(options.sources, world);
  resolved.list_contents = checksums_of_lists(options, world);
  Ingest ingest(resolved, world, log, progress, threads);
  return work(ingest);
}

}  // namespace

IngestResult ingest_products(const IngestOptions& options, const Communicator& world, const Log& log,
                             const ProgressCallback& progress) {
  return with_ingest(options, world, log, progress, [](Ingest& ingest) { return ingest.run(); });
}

std::vector<ScannedProduct> rehearse_ingest(const IngestOptions& options, const Communicator& world, const Log& log,
                                            const ProgressCallback& progress) {
  return with_ingest(options, world, log, progress, [](Ingest& ingest) { return ingest.rehearse(); });
}

}  // namespace eoshard::ingest
