#include "libtrain/data/sample_table.hpp"

#include <fmt/format.h>

#include <charconv>
#include <numeric>

#include "libingest/core/error.hpp"
#include "libingest/table/csv_reader.hpp"

namespace eoshard::train {
namespace {

std::int64_t parse_index(const std::string& text) {
  std::int64_t index = -1;
  std::from_chars(text.data(), text.data() + text.size(), index);
  return index;
}

std::vector<std::string> read_stored_column(const std::filesystem::path& dataset, const std::string& split,
                                            const std::string& column, std::int64_t samples) {
  const std::filesystem::path path = dataset / "samples.csv";
  ingest::CsvReader table(path);
  const std::size_t split_place = table.column("split"), index_place = table.column("index"),
                    value_place = table.column(column);
  std::vector<std::string> values(static_cast<std::size_t>(samples));
  std::int64_t found = 0;
  for (std::vector<std::string> fields; table.next(fields);) {
    if (fields[split_place] != split) continue;
    const std::int64_t index = parse_index(fields[index_place]);
    if (index < 0 || index >= samples) {
      throw Error(ErrorKind::input, fmt::format("{} row {}: the split {} has no sample {}", path.string(), table.row(),
                                                split, fields[index_place]));
    }
    values[static_cast<std::size_t>(index)] = fields[value_place];
    ++found;
  }
  if (found != samples) {
    throw Error(ErrorKind::input,
                fmt::format("{} lists {} of the {} samples of split {}", path.string(), found, samples, split));
  }
  return values;
}

}  // namespace

std::vector<std::string> read_sample_column(const std::filesystem::path& dataset, const SplitReader& split,
                                            const std::string& column) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(split.samples()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return read_sample_column(dataset, split, column, all);
}

std::vector<std::string> read_sample_column(const std::filesystem::path& dataset, const SplitReader& split,
                                            const std::string& column, const std::vector<std::int64_t>& samples) {
  const std::vector<std::string> stored = read_stored_column(dataset, split.name(), column, split.stored_samples());
  std::vector<std::string> values;
  for (const std::int64_t sample : samples) {
    values.push_back(stored[static_cast<std::size_t>(split.stored_index(sample))]);
  }
  return values;
}

}  // namespace eoshard::train
