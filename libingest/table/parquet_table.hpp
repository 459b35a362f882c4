// Chosen columns of a Parquet file, as plain values: strings, lists of strings, flags.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace eoshard::ingest {

using ParquetTexts = std::vector<std::string>;                   ///< null: ""
using ParquetTextLists = std::vector<std::vector<std::string>>;  ///< null: an empty list
using ParquetFlags = std::vector<bool>;                          ///< null: false

/// Some consecutive rows of the chosen columns.
class ParquetBatch {
 public:
  struct Column {
    std::string name;
    std::variant<ParquetTexts, ParquetTextLists, ParquetFlags> values;
  };

  ParquetBatch(std::string source, std::size_t rows, std::vector<Column> columns)
      : source_(std::move(source)), rows_(rows), columns_(std::move(columns)) {}

  std::size_t rows() const { return rows_; }

  /// One value a row. @throws Error{input} when the column holds another kind of values.
  const ParquetTexts& texts(std::string_view name) const;
  const ParquetTextLists& text_lists(std::string_view name) const;
  const ParquetFlags& flags(std::string_view name) const;

 private:
  template <class Values>
  const Values& values(std::string_view name, std::string_view kind) const;

  std::string source_;
  std::size_t rows_ = 0;
  std::vector<Column> columns_;
};

/// Whether this build can read and write Parquet.
bool has_parquet();

/// Column names of a Parquet file, in its order. @throws Error{input} as read_parquet does.
std::vector<std::string> parquet_columns(const std::filesystem::path& path);

/// Hands the rows of `columns` to `visit` in the file's order, at most 65,536 at a time; no other column is read.
/// @throws Error{input} when the file is missing, no Parquet or damaged, lacks a column (the message lists those that
///   there are) or one holds neither strings, lists of strings nor booleans, or when this build cannot read Parquet.
void read_parquet(const std::filesystem::path& path, std::span<const std::string> columns,
                  const std::function<void(const ParquetBatch&)>& visit);

}  // namespace eoshard::ingest
