#include "libtrain/predictions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/table/csv.hpp"
#include "libingest/table/parquet_table.hpp"
#include "libingest/table/parquet_writer.hpp"

namespace eoshard::train {
namespace {

using Names = std::vector<std::string>;

bool is_parquet(const std::filesystem::path& path) { return path.extension() == ".parquet"; }

// The classes that are set in each row of a multi-hot table.
std::vector<Names> named_rows(std::span<const std::uint8_t> rows, std::span<const std::string> names) {
  std::vector<Names> named(rows.size() / names.size());
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (rows[place] != 0) named[place / names.size()].push_back(names[place % names.size()]);
  }
  return named;
}

// What the two formats have in common: the columns before the probabilities.
struct Columns {
  std::vector<std::int64_t> indexes;
  std::vector<Names> labels, predicted;
};

Columns columns_of(const SplitReader& split, const std::vector<std::int64_t>& samples, const ScoreTable& table,
                   std::span<const float> thresholds, std::span<const std::string> class_names) {
  Columns columns{{}, named_rows(table.labels, class_names), named_rows(predict(table, thresholds), class_names)};
  for (const std::int64_t sample : samples) {
    columns.indexes.push_back(split.stored_index(sample));
  }
  return columns;
}

std::vector<float> scores_of_class(const ScoreTable& table, std::size_t index) {
  std::vector<float> scores;
  for (std::size_t place = index; place < table.scores.size(); place += table.classes) {
    scores.push_back(table.scores[place]);
  }
  return scores;
}

void write_csv(const std::filesystem::path& path, const std::string& split, const Columns& columns,
               const ScoreTable& table, std::span<const std::string> class_names,
               std::span<const std::string> patch_ids) {
  Names header = {"split", "index", "patch_id", "labels", "predicted"};
  header.insert(header.end(), class_names.begin(), class_names.end());
  AtomicFile file(path);
  file.write(ingest::csv_row(header));
  for (std::size_t sample = 0; sample < table.samples(); ++sample) {
    Names fields = {split, std::to_string(columns.indexes[sample]), patch_ids[sample],
                    fmt::format("{}", fmt::join(columns.labels[sample], ";")),
                    fmt::format("{}", fmt::join(columns.predicted[sample], ";"))};
    for (std::size_t index = 0; index < table.classes; ++index) {
      fields.push_back(fmt::format("{}", table.scores[sample * table.classes + index]));
    }
    file.write(ingest::csv_row(fields));
  }
  file.commit(Durability::fsync);
}

void write_table(const std::filesystem::path& path, const std::string& split, Columns columns, const ScoreTable& table,
                 std::span<const std::string> class_names, std::span<const std::string> patch_ids) {
  std::vector<ingest::ParquetColumn> all = {{"split", Names(table.samples(), split)},
                                            {"index", std::move(columns.indexes)},
                                            {"patch_id", Names(patch_ids.begin(), patch_ids.end())},
                                            {"labels", std::move(columns.labels)},
                                            {"predicted", std::move(columns.predicted)}};
  for (std::size_t index = 0; index < table.classes; ++index) {
    all.push_back({class_names[index], scores_of_class(table, index)});
  }
  ingest::write_parquet(path, all);
}

}  // namespace

void check_folder_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  throw Error(ErrorKind::input,
              fmt::format("{} cannot be written: there is no folder {}", path.string(), folder.string()));
}

void check_predictions_path(const std::filesystem::path& path) {
  check_folder_of(path);
  if (!is_parquet(path) || ingest::has_parquet()) return;
  throw Error(ErrorKind::input, fmt::format("{} cannot be written: this build is without Parquet; name a CSV file, or "
                                            "build again where pyarrow is in .deps/venv ('make setup')",
                                            path.string()));
}

void write_predictions(const std::filesystem::path& path, const SplitReader& split,
                       const std::vector<std::int64_t>& samples, const ScoreTable& table,
                       std::span<const float> thresholds, std::span<const std::string> class_names,
                       std::span<const std::string> patch_ids) {
  Columns columns = columns_of(split, samples, table, thresholds, class_names);
  if (is_parquet(path)) return write_table(path, split.name(), std::move(columns), table, class_names, patch_ids);
  write_csv(path, split.name(), columns, table, class_names, patch_ids);
}

}  // namespace eoshard::train
