// Plain values as a Parquet file: strings, lists of strings, whole and real numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace eoshard::ingest {

struct ParquetColumn {
  std::string name;
  /// One value a row.
  std::variant<std::vector<std::string>, std::vector<std::vector<std::string>>, std::vector<std::int64_t>,
               std::vector<float>>
      values;
};

/// Writes `path` whole or not at all. All columns have the same number of rows and no nulls.
/// @throws Error{io} when it cannot be written, Error{input} when this build is without Parquet.
void write_parquet(const std::filesystem::path& path, std::span<const ParquetColumn> columns);

}  // namespace eoshard::ingest
