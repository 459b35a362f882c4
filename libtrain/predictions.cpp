#include "libtrain/predictions.hpp"

#include <fmt/format.h>

#include "libingest/core/file.hpp"
#include "libingest/table/csv.hpp"

namespace eoshard::train {
namespace {

std::string joined_names(std::span<const std::uint8_t> row, std::span<const std::string> names) {
  std::string joined;
  for (std::size_t index = 0; index < row.size(); ++index) {
    if (row[index] != 0) joined += (joined.empty() ? "" : ";") + names[index];
  }
  return joined;
}

std::string header(std::span<const std::string> class_names) {
  std::vector<std::string> fields = {"split", "index", "patch_id", "labels", "predicted"};
  fields.insert(fields.end(), class_names.begin(), class_names.end());
  return ingest::csv_row(fields);
}

}  // namespace

void write_predictions(const std::filesystem::path& path, const std::string& split, const ScoreTable& table,
                       std::span<const float> thresholds, std::span<const std::string> class_names,
                       std::span<const std::string> patch_ids) {
  const std::vector<std::uint8_t> predicted = predict(table, thresholds);
  AtomicFile file(path);
  file.write(header(class_names));
  for (std::size_t sample = 0; sample < table.samples(); ++sample) {
    const std::size_t first = sample * table.classes;
    std::vector<std::string> fields = {split, std::to_string(sample), patch_ids[sample],
                                       joined_names(std::span(table.labels).subspan(first, table.classes), class_names),
                                       joined_names(std::span(predicted).subspan(first, table.classes), class_names)};
    for (std::size_t index = 0; index < table.classes; ++index) {
      fields.push_back(fmt::format("{}", table.scores[first + index]));
    }
    file.write(ingest::csv_row(fields));
  }
  file.commit(Durability::fsync);
}

}  // namespace eoshard::train
