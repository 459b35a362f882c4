#include "libingest/pipeline/ingest_pipeline.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "libingest/assign/work_assignment.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/version.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libingest/pipeline/dataset_assembly.hpp"
#include "libingest/pipeline/patch_extraction.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/work_folder.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::json;

// What all ranks know of a product after the scan.
struct ScannedProduct {
  Source source;
  double quantification_value = 0;
  std::uint64_t candidates = 0;
  std::vector<double> costs_s;  // one a resolution group
};

ScannedProduct summarise(const ProductScan& scan) {
  const Product& product = scan.product;
  return {{product.name,
           product.path,
           product.baseline,
           product.mgrs_tile,
           product.acquired,
           product.geometry.epsg,
           product.boa_add_offset,
           static_cast<std::uint64_t>(scan.grid.count()),
           0,
           {}},
          product.quantification_value,
          scan.candidates().size(),
          decoding_costs(scan)};
}

Json to_json(const ScannedProduct& scanned) {
  const Source& source = scanned.source;
  return {source.product,
          source.path,
          source.baseline,
          source.mgrs_tile,
          source.acquired,
          source.epsg,
          source.boa_add_offset,
          source.patches,
          scanned.candidates,
          scanned.costs_s,
          scanned.quantification_value};
}

ScannedProduct scanned_from(const Json& json) {
  ScannedProduct scanned;
  scanned.source = {json.at(0),
                    json.at(1),
                    json.at(2),
                    json.at(3),
                    json.at(4),
                    json.at(5),
                    json.at(6).get<std::map<std::string, int>>(),
                    json.at(7),
                    0,
                    {}};
  scanned.candidates = json.at(8);
  scanned.costs_s = json.at(9).get<std::vector<double>>();
  scanned.quantification_value = json.at(10);
  return scanned;
}

// Two products whose patches would bear the same ids cannot both be in one dataset.
void check_distinct(const std::vector<ScannedProduct>& products) {
  std::map<std::string, const Source*> seen;
  for (const ScannedProduct& scanned : products) {
    const std::string stem = scanned.source.product.substr(0, scanned.source.product.rfind('_'));
    const auto [first, is_new] = seen.emplace(stem, &scanned.source);
    if (is_new) continue;
    throw Error(ErrorKind::input,
                fmt::format("{} and {} would give their patches the same ids ({}_…); name only one of them",
                            first->second->path, scanned.source.path, stem));
  }
}

// "in/S2A_….SAFE/" → "S2A_…"
std::string product_name_of(const std::string& source) {
  const std::filesystem::path folder = (std::filesystem::path(source) / "").parent_path();
  return folder.stem().string();
}

// Stored values of one dataset have one scale.
void check_same_quantification(const std::vector<ScannedProduct>& products) {
  const ScannedProduct& first = products.front();
  for (const ScannedProduct& scanned : products) {
    if (scanned.quantification_value == first.quantification_value) continue;
    throw Error(
        ErrorKind::input,
        fmt::format("{} has BOA_QUANTIFICATION_VALUE {}, {} has {}; values of different scales do not mix",
                    first.source.path, first.quantification_value, scanned.source.path, scanned.quantification_value));
  }
}

class Ingest {
 public:
  Ingest(const IngestOptions& options, const Communicator& world, const Log& log, const ProgressCallback& progress)
      : options_(options), world_(world), log_(log), progress_(progress), work_(options.out) {}

  DatasetManifest run() {
    check_options();
    prepare_output();
    scan_products();
    plan_work();
    extract_units();
    AssembledDataset assembled =
        assemble_dataset(sources(), work_, options_, labels_.nomenclature.classes, world_, progress_);
    return commit(std::move(assembled));
  }

 private:
  struct Unit {
    std::size_t product;
    std::size_t group;
  };

  void check_options() {
    world_.agree([&] {
      if (options_.sources.empty()) throw Error(ErrorKind::usage, "no product is named");
      parse_split_rule(options_.split, options_.seed);
      labels_ = {options_.labels, make_nomenclature(options_.nomenclature), options_.min_class_percent};
    });
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
  void scan_products() {
    std::vector<std::string> sources = options_.sources;
    std::sort(sources.begin(), sources.end());
    Json mine = Json::array();
    world_.agree([&] {
      for (std::size_t index = 0; index < sources.size(); ++index) {
        if (index % static_cast<std::size_t>(world_.size()) != static_cast<std::size_t>(world_.rank())) continue;
        mine.push_back(to_json(scan_or_reload(sources[index])));
        report("scan", index + 1, sources.size(), "products");
      }
    });
    for (const std::string& text : world_.all_gather(mine.dump())) {
      for (const Json& scanned : Json::parse(text)) products_.push_back(scanned_from(scanned));
    }
    std::sort(products_.begin(), products_.end(),
              [](const auto& a, const auto& b) { return a.source.product < b.source.product; });
    world_.agree([&] {
      check_distinct(products_);
      check_same_quantification(products_);
    });
  }

  // A scan that an interrupted run has committed is taken as it is. It is found by the folder's name, which is the
  // product's by convention; a renamed folder is scanned again.
  ScannedProduct scan_or_reload(const std::string& source) const {
    const auto committed = work_.scan_file(product_name_of(source));
    if (std::filesystem::exists(committed)) {
      const ProductScan scan = parse_scan(read_text_file(committed));
      if (scan.product.path == source) return summarise(scan);
    }
    const ProductScan scan = scan_product(source, options_, labels_);
    write_file(work_.scan_file(scan.product.name), serialise_scan(scan), Durability::rename_only);
    return summarise(scan);
  }

  // Step 2: one unit a resolution group of a product; the same plan on every rank.
  void plan_work() {
    std::vector<double> costs_s;
    for (std::size_t product = 0; product < products_.size(); ++product) {
      for (std::size_t group = 0; group < products_[product].costs_s.size(); ++group) {
        units_.push_back({product, group});
        costs_s.push_back(products_[product].costs_s[group]);
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
    const ResolutionGroup group = resolution_groups()[unit.group];
    const auto part = work_.part_file(product.source.product, group);
    if (std::filesystem::exists(part)) {
      done += product.candidates;
      return;
    }
    const ProductScan scan = parse_scan(read_text_file(work_.scan_file(product.source.product)));
    extract_group(scan, group, part, [&](std::size_t patches) {
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
    manifest.nomenclature = labels_.nomenclature.name;
    manifest.classes = labels_.nomenclature.classes;
    manifest.arrays = native_arrays();
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
  return Ingest(options, world, log, progress).run();
}

}  // namespace eoshard::ingest
