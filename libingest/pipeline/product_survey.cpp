#include "libingest/pipeline/product_survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "libingest/core/file.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/scan_parts.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::json;

ScannedProduct summarise(const ProductScan& scan, const std::vector<ImageArray>& arrays) {
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
          decoding_costs(scan, arrays)};
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

class Survey {
 public:
  Survey(const IngestOptions& options, const LabelSettings& labels, const WorkFolder& work)
      : options_(options), labels_(labels), work_(work), arrays_(stored_arrays(options)) {}

  // A scan that an interrupted run has committed is taken as it is. It is found by the folder's name, which is the
  // product's by convention; a renamed folder is scanned again.
  ScannedProduct scan_or_reload(const std::string& source) const {
    const auto committed = work_.scan_file(product_name_of(source));
    if (std::filesystem::exists(committed)) {
      const ProductScan scan = parse_scan(read_text_file(committed));
      if (scan.product.path == source) return summarise(scan, arrays_);
    }
    const ScannedPixels pixels = scan_product(source, options_, labels_);
    write_scan_parts(pixels, arrays_, work_);
    write_file(work_.scan_file(pixels.scan.product.name), serialise_scan(pixels.scan), Durability::rename_only);
    return summarise(pixels.scan, arrays_);
  }

 private:
  const IngestOptions& options_;
  const LabelSettings& labels_;
  const WorkFolder& work_;
  std::vector<ImageArray> arrays_;
};

}  // namespace

std::vector<ScannedProduct> survey_products(const IngestOptions& options, const LabelSettings& labels,
                                            const WorkFolder& work, const Communicator& world,
                                            const ProgressCallback& progress) {
  std::vector<std::string> sources = options.sources;
  std::sort(sources.begin(), sources.end());
  const Survey survey(options, labels, work);
  Json mine = Json::array();
  world.agree([&] {
    for (std::size_t index = 0; index < sources.size(); ++index) {
      if (index % static_cast<std::size_t>(world.size()) != static_cast<std::size_t>(world.rank())) continue;
      mine.push_back(to_json(survey.scan_or_reload(sources[index])));
      if (progress) progress({"scan", index + 1, sources.size(), "products", ""});
    }
  });
  std::vector<ScannedProduct> products;
  for (const std::string& text : world.all_gather(mine.dump())) {
    for (const Json& scanned : Json::parse(text)) products.push_back(scanned_from(scanned));
  }
  std::sort(products.begin(), products.end(),
            [](const auto& a, const auto& b) { return a.source.product < b.source.product; });
  world.agree([&] {
    check_distinct(products);
    check_same_quantification(products);
  });
  return products;
}

}  // namespace eoshard::ingest
