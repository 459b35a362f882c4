#include <fmt/format.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {

template <class Values>
const Values& ParquetBatch::values(std::string_view name, std::string_view kind) const {
  const auto found =
      std::find_if(columns_.begin(), columns_.end(), [&](const Column& column) { return column.name == name; });
  if (found == columns_.end()) throw Error(ErrorKind::internal, fmt::format("column '{}' was not asked for", name));
  if (const Values* values = std::get_if<Values>(&found->values)) return *values;
  throw Error(ErrorKind::input, fmt::format("{}: column '{}' does not hold {}", source_, name, kind));
}

const ParquetTexts& ParquetBatch::texts(std::string_view name) const { return values<ParquetTexts>(name, "strings"); }

const ParquetTextLists& ParquetBatch::text_lists(std::string_view name) const {
  return values<ParquetTextLists>(name, "lists of strings");
}

const ParquetFlags& ParquetBatch::flags(std::string_view name) const { return values<ParquetFlags>(name, "booleans"); }

}  // namespace eoshard::ingest
