#include "libingest/pipeline/product_survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <tuple>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/file.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/patch_extraction.hpp"
#include "libingest/pipeline/patch_rulings.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/scan_parts.hpp"
#include "libingest/pipeline/source_verification.hpp"
#include "libingest/pipeline/unit_work.hpp"
#include "libingest/product/product_identity.hpp"
#include "libingest/product/safe_product.hpp"
#include "libingest/product/source_list.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::json;

// Reasons known before a band is decoded.
std::map<std::string, std::uint64_t> count_rejected(const ProductScan& scan) {
  std::map<std::string, std::uint64_t> counts;
  for (const ScannedPatch& patch : scan.patches) {
    if (patch.rejected) ++counts[std::string(name_of(*patch.rejected))];
  }
  return counts;
}

std::array<std::uint64_t, kSplitNames.size()> count_candidates(const ProductScan& scan) {
  std::array<std::uint64_t, kSplitNames.size()> counts{};
  for (const ScannedPatch& patch : scan.patches) {
    if (!patch.rejected) ++counts[static_cast<std::size_t>(patch.split)];
  }
  return counts;
}

// The units come first: GCC 12 destroys members of a braced initialiser twice when a later one throws (its bug 66139).
ScannedProduct summarise(const ProductScan& scan, const std::vector<ImageArray>& arrays, UpsampleMethod upsample) {
  std::vector<UnitWork> units = work_of_units(scan, arrays, upsample);
  const Product& product = scan.product;
  return {{product.name, product.id_stem, escape_bytes(product.path), product.baseline, product.mgrs_tile,
           product.acquired, product.geometry.epsg, product.boa_add_offset,
           static_cast<std::uint64_t>(scan.grid.count()), 0, count_rejected(scan)},
          product.quantification_value,
          scan.candidates().size(),
          std::move(units),
          count_candidates(scan)};
}

Json to_json(const std::vector<UnitWork>& units) {
  Json list = Json::array();
  for (const UnitWork& unit : units) {
    list.push_back(Json::array());
    for (const BandWork& band : unit)
      list.back().push_back(
          {band.codeblock_px, band.tile_pixels, band.tile_bytes, band.patch_pixels, band.upsampled_pixels, band.files});
  }
  return list;
}

std::vector<UnitWork> units_from(const Json& json) {
  std::vector<UnitWork> units;
  for (const Json& unit : json) {
    units.emplace_back();
    for (const Json& band : unit)
      units.back().push_back({band.at(0), band.at(1), band.at(2), band.at(3), band.at(4), band.at(5)});
  }
  return units;
}

Json to_json(const ScannedProduct& scanned) {
  const Source& source = scanned.source;
  return {source.product,     source.id_stem,          source.path,
          source.baseline,    source.mgrs_tile,        source.acquired,
          source.epsg,        source.boa_add_offset,   source.patches,
          scanned.candidates, to_json(scanned.units),  scanned.quantification_value,
          source.rejected,    scanned.split_candidates};
}

ScannedProduct scanned_from(const Json& json) {
  ScannedProduct scanned;
  scanned.source = {json.at(0),
                    json.at(1),
                    json.at(2),
                    json.at(3),
                    json.at(4),
                    json.at(5),
                    json.at(6),
                    json.at(7).get<std::map<std::string, int>>(),
                    json.at(8),
                    0,
                    json.at(12).get<std::map<std::string, std::uint64_t>>()};
  scanned.candidates = json.at(9);
  scanned.units = units_from(json.at(10));
  scanned.quantification_value = json.at(11);
  scanned.split_candidates = json.at(13);
  return scanned;
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

// Every rank's items, in rank order, on every rank. CBOR, since text of a product's metadata may be no UTF-8.
std::vector<Json> all_gather(const Communicator& world, const Json& mine) {
  std::vector<Json> all;
  const std::vector<std::uint8_t> bytes = Json::to_cbor(mine);
  for (const std::string& text : world.all_gather(std::string(bytes.begin(), bytes.end()))) {
    for (Json& item : Json::from_cbor(text)) all.push_back(std::move(item));
  }
  return all;
}

// A granule and the rank that has read its metadata.
struct FoundGranule {
  Candidate candidate;
  int rank = 0;
};

// The granules of all ranks in an order that does not depend on who read them.
std::vector<FoundGranule> share_granules(const std::vector<Product>& own, const Communicator& world) {
  Json mine = Json::array();
  for (const Product& product : own)
    mine.push_back({product.id_stem, product.processed, escape_bytes(product.path), world.rank()});
  std::vector<FoundGranule> granules;
  for (const Json& item : all_gather(world, mine))
    granules.push_back({{item.at(0), item.at(1), item.at(2)}, item.at(3)});
  const auto order = [](const FoundGranule& granule) {
    return std::tie(granule.candidate.id_stem, granule.candidate.processed, granule.candidate.source);
  };
  std::sort(granules.begin(), granules.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  return granules;
}

// What lists are matched with.
Json identity_of(const Product& product) {
  const GranuleGeometry& geometry = product.geometry;
  return {product.id_stem, product.mgrs_tile, product.acquired,    geometry.epsg,
          geometry.ulx_m,  geometry.uly_m,    geometry.size_10m_px};
}

Product identity_from(const Json& json) {
  Product product;
  product.id_stem = json.at(0);
  product.mgrs_tile = json.at(1);
  product.acquired = json.at(2);
  product.geometry = {json.at(3), json.at(4), json.at(5), json.at(6)};
  return product;
}

std::string describe(const Candidate& candidate) {
  return fmt::format("{} ({}, processed {})", candidate.id_stem, candidate.source, candidate.processed);
}

class Survey {
 public:
  // Without a work folder nothing is written.
  Survey(const IngestOptions& options, const LabelSettings& labels, const WorkFolder* work, const Communicator& world,
         const Log& log, const ProgressCallback& progress)
      : options_(options),
        labels_(labels),
        work_(work),
        world_(world),
        log_(log),
        progress_(progress),
        arrays_(work == nullptr ? std::vector<ImageArray>() : stored_arrays(options)) {}

  std::vector<ScannedProduct> run() {
    world_.agree([&] { read_own_metadata(); });
    drop_superseded();
    share_rulings();
    std::uint64_t granules = own_.size();
    world_.sum(std::span(&granules, 1));
    Json mine = Json::array();
    const auto scan_own = [&](Watch& watch) {
      for (const Product& product : own_) {
        watch.check();
        mine.push_back(to_json(scan(product)));
        watch.add(0, 1);
      }
    };
    supervise(world_, 1, scan_own, [&](std::span<const std::uint64_t> done) {
      if (progress_) progress_({"scan", done[0], granules, "products", ""});
    });
    std::vector<ScannedProduct> products;
    for (const Json& scanned : all_gather(world_, mine)) products.push_back(scanned_from(scanned));
    return products;
  }

 private:
  void read_own_metadata() {
    for (std::size_t index = 0; index < options_.sources.size(); ++index) {
      if (index % static_cast<std::size_t>(world_.size()) != static_cast<std::size_t>(world_.rank())) continue;
      for (Product& granule : read_safe_product(options_.sources[index], options_.bands)) {
        if (options_.check_source) check_files(granule, granule.metadata_files);
        own_.push_back(std::move(granule));
      }
    }
  }

  // Of the processings of one scene the newest stays, on whichever rank it is.
  void drop_superseded() {
    const std::vector<FoundGranule> granules = share_granules(own_, world_);
    std::vector<Candidate> candidates;
    for (const FoundGranule& granule : granules) candidates.push_back(granule.candidate);
    std::vector<Superseded> superseded;
    world_.agree([&] { superseded = find_superseded(candidates); });
    for (const auto& [older, newer] : superseded) {
      if (world_.is_root()) {
        log_.info(fmt::format("{} is left out: {} is a newer processing of the same scene", describe(candidates[older]),
                              describe(candidates[newer])));
      }
      if (granules[older].rank == world_.rank()) drop(candidates[older]);
    }
  }

  // What lists say of every own granule; they are matched with the granules of all ranks.
  void share_rulings() {
    Json mine = Json::array();
    for (const Product& product : own_) mine.push_back(identity_of(product));
    std::vector<Product> all;
    for (const Json& item : all_gather(world_, mine)) all.push_back(identity_from(item));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id_stem < b.id_stem; });
    const auto rulings = read_rulings(options_, all, world_, log_);
    std::set<std::string> own;
    for (const Product& product : own_) own.insert(product.id_stem);
    for (std::size_t product = 0; product < all.size(); ++product) {
      if (own.contains(all[product].id_stem)) rulings_[all[product].id_stem] = rulings[product];
    }
  }

  void drop(const Candidate& candidate) {
    std::erase_if(own_, [&](const Product& product) {
      return product.id_stem == candidate.id_stem && product.processed == candidate.processed &&
             escape_bytes(product.path) == candidate.source;
    });
  }

  ScannedProduct scan(const Product& product) const {
    if (work_ != nullptr) return scan_or_reload(product, *work_);
    return summary_of(scan_product(product, options_, labels_, rulings_.at(product.id_stem)).scan);
  }

  // A scan that an interrupted run has committed is taken as it is.
  ScannedProduct scan_or_reload(const Product& product, const WorkFolder& work) const {
    const auto committed = work.scan_file(product.id_stem);
    if (std::filesystem::exists(committed)) {
      const ProductScan scan = parse_scan(read_text_file(committed));
      if (scan.product.root == product.root && scan.product.processed == product.processed) return summary_of(scan);
    }
    const ScannedPixels pixels = scan_product(product, options_, labels_, rulings_.at(product.id_stem));
    write_scan_parts(pixels, arrays_, work);
    write_file(committed, serialise_scan(pixels.scan), Durability::rename_only);
    return summary_of(pixels.scan);
  }

  ScannedProduct summary_of(const ProductScan& scan) const {
    return summarise(scan, arrays_, extraction_settings(options_).upsample);
  }

  const IngestOptions& options_;
  const LabelSettings& labels_;
  const WorkFolder* work_;
  const Communicator& world_;
  const Log& log_;
  const ProgressCallback& progress_;
  std::vector<ImageArray> arrays_;
  std::vector<Product> own_;                                // granules that this rank has read and scans
  std::map<std::string, std::vector<ListRuling>> rulings_;  // by own id stem
};

void warn_of_mixed_offsets(std::span<const ScannedProduct> products, const Log& log) {
  const auto differs = [&](const ScannedProduct& product) {
    return product.source.boa_add_offset != products.front().source.boa_add_offset;
  };
  const auto other = std::ranges::find_if(products, differs);
  if (other == products.end()) return;
  log.warning(fmt::format("--raw-dn keeps values on different scales: {} and {} differ in BOA_ADD_OFFSET",
                          products.front().source.id_stem, other->source.id_stem));
}

// In dataset order, and found to go together.
std::vector<ScannedProduct> checked(std::vector<ScannedProduct> products, const IngestOptions& options,
                                    const Communicator& world, const Log& log) {
  std::sort(products.begin(), products.end(), [](const auto& a, const auto& b) {
    return std::tie(a.source.product, a.source.id_stem) < std::tie(b.source.product, b.source.id_stem);
  });
  world.agree([&] { check_same_quantification(products); });
  if (options.raw_dn && world.is_root()) warn_of_mixed_offsets(products, log);
  return products;
}

}  // namespace

std::vector<std::string> find_sources(const std::vector<std::string>& arguments, const Communicator& world) {
  Json found;
  world.agree([&] {
    if (world.is_root()) found = expand_sources(arguments);
  });
  const std::vector<std::uint8_t> bytes = Json::to_cbor(found);
  return Json::from_cbor(world.broadcast(std::string(bytes.begin(), bytes.end())));
}

std::vector<ScannedProduct> survey_products(const IngestOptions& options, const LabelSettings& labels,
                                            const WorkFolder& work, const Communicator& world, const Log& log,
                                            const ProgressCallback& progress) {
  return checked(Survey(options, labels, &work, world, log, progress).run(), options, world, log);
}

std::vector<ScannedProduct> rehearse_survey(const IngestOptions& options, const LabelSettings& labels,
                                            const Communicator& world, const Log& log,
                                            const ProgressCallback& progress) {
  return checked(Survey(options, labels, nullptr, world, log, progress).run(), options, world, log);
}

}  // namespace eoshard::ingest
