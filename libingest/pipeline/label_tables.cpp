#include "libingest/pipeline/label_tables.hpp"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/gdal/projection.hpp"
#include "libingest/label/label_classes.hpp"
#include "libingest/label/patch_labeler.hpp"
#include "libingest/select/patch_name.hpp"
#include "libingest/table/csv_reader.hpp"
#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

void add_named(LabelTable& table, const std::string& patch_id, std::uint64_t classes) {
  const auto name = parse_patch_name(patch_id);
  if (!name) throw Error(ErrorKind::input, fmt::format("'{}' is no patch id", patch_id));
  if (!name->has_product()) {
    throw Error(ErrorKind::input,
                fmt::format("'{}' is a patch id of BigEarthNet v1, which does not tell the tile; give v2's ids, or the "
                            "folder of v1's JSON files",
                            patch_id));
  }
  table.add(name->product, {name->position.column, name->position.row, classes});
}

// "a; b" → {"a", "b"}
std::vector<std::string> split_labels(std::string_view text) {
  constexpr const char* kBlank = " \t";
  std::vector<std::string> labels;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    std::string label(text.substr(0, end));
    label.erase(0, label.find_first_not_of(kBlank));
    label.erase(label.find_last_not_of(kBlank) + 1);
    if (!label.empty()) labels.push_back(std::move(label));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return labels;
}

// Reads files of BigEarthNet v1; the texts of their projections are few and long.
class BigEarthNetReader {
 public:
  BigEarthNetReader(const fs::path& folder, const Nomenclature& nomenclature)
      : folder_(folder), classes_(nomenclature) {}

  void add(LabelTable& table, const std::string& patch) {
    const fs::path path = folder_ / patch / (patch + kBigEarthNetLabels);
    with_context(path.string(), [&] {
      try {
        add(table, nlohmann::json::parse(read_text_file(path)));
      } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::input, fmt::format("the file is damaged: {}", error.what()));
      }
    });
  }

 private:
  void add(LabelTable& table, const nlohmann::json& json) {
    const auto& corner = json.at("coordinates");
    table.add(place_of_projection(epsg_of(json.at("projection"))),
              {std::llround(corner.at("ulx").get<double>()), std::llround(corner.at("uly").get<double>()),
               classes_.mask_of(json.at("labels").get<std::vector<std::string>>())});
  }

  int epsg_of(const std::string& projection) {
    if (const auto known = projections_.find(projection); known != projections_.end()) return known->second;
    return projections_[projection] = epsg_of_projection(projection);
  }

  const fs::path& folder_;
  LabelClasses classes_;
  std::unordered_map<std::string, int> projections_;
};

}  // namespace

LabelTable read_csv_labels(const fs::path& path, const Nomenclature& nomenclature) {
  LabelTable table;
  LabelClasses classes(nomenclature);
  CsvReader reader(path);
  const std::size_t id = reader.column("patch_id"), labels = reader.column("labels");
  std::vector<std::string> fields;
  for (std::size_t row = 2; reader.next(fields); ++row) {
    with_context(fmt::format("{}, row {}", path.string(), row),
                 [&] { add_named(table, fields[id], classes.mask_of(split_labels(fields[labels]))); });
  }
  return table;
}

LabelTable read_parquet_labels(const fs::path& path, const Nomenclature& nomenclature) {
  LabelTable table;
  LabelClasses classes(nomenclature);
  constexpr const char *kId = "patch_id", *kLabels = "labels";
  const std::array<std::string, 2> columns = {kId, kLabels};
  read_parquet(path, columns, [&](const ParquetBatch& batch) {
    const ParquetTexts& ids = batch.texts(kId);
    const ParquetTextLists& labels = batch.text_lists(kLabels);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      with_context(fmt::format("{}, patch {}", path.string(), ids[row]),
                   [&] { add_named(table, ids[row], classes.mask_of(labels[row])); });
    }
  });
  return table;
}

std::vector<std::string> list_bigearthnet_patches(const fs::path& folder) {
  std::vector<std::string> patches;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (fs::exists(entry.path() / (name + kBigEarthNetLabels))) patches.push_back(name);
  }
  std::sort(patches.begin(), patches.end());
  return patches;
}

LabelTable read_bigearthnet_labels(const fs::path& folder, std::span<const std::string> patches,
                                   const Nomenclature& nomenclature) {
  struct Share {
    BigEarthNetReader reader;
    LabelTable table;
  };
  tbb::enumerable_thread_specific<Share> shares([&] { return Share{{folder, nomenclature}, {}}; });
  tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t patch) {
    Share& share = shares.local();
    share.reader.add(share.table, patches[patch]);
  });
  LabelTable table;
  for (const Share& share : shares) table.add_bytes(share.table.bytes());
  return table;
}

}  // namespace eoshard::ingest
