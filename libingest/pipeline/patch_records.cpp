#include "libingest/pipeline/patch_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/table/csv_reader.hpp"

namespace eoshard::ingest {
namespace {

constexpr int kMaxColumnOrRow = 9999;  // a granule has 91 of each; more would be a damaged table

using ClassIndices = std::map<std::string, std::size_t, std::less<>>;

ClassIndices index_classes(const std::vector<std::string>& classes) {
  ClassIndices indices;
  for (std::size_t index = 0; index < classes.size(); ++index) indices.emplace(classes[index], index);
  return indices;
}

std::int64_t parse_number(const std::string& text, std::string_view what, std::int64_t minimum, std::int64_t maximum) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < minimum || number > maximum) {
    throw Error(ErrorKind::input, fmt::format("'{}' is no {}; the table is damaged", text, what));
  }
  return number;
}

std::vector<std::size_t> parse_labels(std::string_view text, const ClassIndices& indices) {
  std::vector<std::size_t> classes;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(';'));
    const auto found = indices.find(name);
    if (found == indices.end()) {
      throw Error(ErrorKind::input, fmt::format("dataset.json has no class '{}'", name));
    }
    classes.push_back(found->second);
    text.remove_prefix(std::min(name.size() + 1, text.size()));
  }
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return classes;
}

// One table with the places of the columns that the two share; those of where a patch lies may be missing.
class PatchTable {
 public:
  PatchTable(const std::filesystem::path& path, const char* category_column, bool is_kept)
      : path_(path), table_(path), category_(table_.column(category_column)), patch_id_(table_.column("patch_id")) {
    record_.is_kept = is_kept;
    if (!is_kept) return;
    index_ = table_.column("index");
    labels_ = table_.column("labels");
  }

  const PatchRecord* next(const ClassIndices& classes) {
    if (!table_.next(fields_)) return nullptr;
    try {
      read_row(classes);
    } catch (Error& error) {
      error.add_context(fmt::format("{}: row {}", path_.string(), table_.row()));
      throw;
    }
    return &record_;
  }

 private:
  void read_row(const ClassIndices& classes) {
    record_.category = fields_[category_];
    record_.patch_id = fields_[patch_id_];
    read_texts();
    read_place();
    if (!record_.is_kept) return;
    record_.index = parse_number(fields_[index_], "index", 0, INT64_MAX);
    record_.classes = parse_labels(fields_[labels_], classes);
  }

  void read_texts() {
    if (product_) record_.product = fields_[*product_];
    if (tile_) record_.mgrs_tile = fields_[*tile_];
    if (acquired_) record_.acquired = fields_[*acquired_];
    if (baseline_) record_.baseline = fields_[*baseline_];
  }

  void read_place() {
    if (!column_ || !row_ || !epsg_ || !ulx_ || !uly_) return;
    record_.column = static_cast<int>(parse_number(fields_[*column_], "column", 0, kMaxColumnOrRow));
    record_.row = static_cast<int>(parse_number(fields_[*row_], "row", 0, kMaxColumnOrRow));
    record_.epsg = static_cast<int>(parse_number(fields_[*epsg_], "EPSG code", 0, INT32_MAX));
    record_.ulx_m = parse_number(fields_[*ulx_], "coordinate", -INT32_MAX, INT32_MAX);
    record_.uly_m = parse_number(fields_[*uly_], "coordinate", -INT32_MAX, INT32_MAX);
  }

  std::filesystem::path path_;
  CsvReader table_;
  std::size_t category_, patch_id_, index_ = 0, labels_ = 0;
  std::optional<std::size_t> product_ = table_.find_column("product");
  std::optional<std::size_t> tile_ = table_.find_column("mgrs_tile");
  std::optional<std::size_t> acquired_ = table_.find_column("acquired");
  std::optional<std::size_t> baseline_ = table_.find_column("baseline");
  std::optional<std::size_t> column_ = table_.find_column("column");
  std::optional<std::size_t> row_ = table_.find_column("row");
  std::optional<std::size_t> epsg_ = table_.find_column("epsg");
  std::optional<std::size_t> ulx_ = table_.find_column("ulx");
  std::optional<std::size_t> uly_ = table_.find_column("uly");
  std::vector<std::string> fields_;
  PatchRecord record_;
};

}  // namespace

void for_each_patch(const std::filesystem::path& dataset, const std::vector<std::string>& classes,
                    const std::function<void(const PatchRecord&)>& visit) {
  const ClassIndices indices = index_classes(classes);
  const auto visit_all = [&](const char* name, const char* category_column, bool is_kept) {
    PatchTable table(dataset / name, category_column, is_kept);
    while (const PatchRecord* const patch = table.next(indices)) visit(*patch);
  };
  visit_all("samples.csv", "split", true);
  visit_all("rejected.csv", "reason", false);
}

}  // namespace eoshard::ingest
