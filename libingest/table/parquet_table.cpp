#include "libingest/table/parquet_table.hpp"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::int64_t kBatchRows = 65'536;

void check_arrow(const arrow::Status& status, const std::filesystem::path& path) {
  if (status.ok()) return;
  throw Error(ErrorKind::input,
              fmt::format("{} cannot be read as a Parquet table: {}", path.string(), status.ToString()));
}

template <class Value>
Value checked(arrow::Result<Value> result, const std::filesystem::path& path) {
  check_arrow(result.status(), path);
  return std::move(result).ValueUnsafe();
}

// Text in any of Arrow's layouts: which one a file comes back as is up to its writer.
bool is_text(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW: return true;
    case arrow::Type::DICTIONARY: return is_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default: return false;
  }
}

std::string_view text_at(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  switch (array.type_id()) {
    case arrow::Type::STRING: return static_cast<const arrow::StringArray&>(array).GetView(row);
    case arrow::Type::LARGE_STRING: return static_cast<const arrow::LargeStringArray&>(array).GetView(row);
    case arrow::Type::STRING_VIEW: return static_cast<const arrow::StringViewArray&>(array).GetView(row);
    default: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      return text_at(*encoded.dictionary(), encoded.GetValueIndex(row));
    }
  }
}

ParquetTexts texts_of(const arrow::Array& array) {
  ParquetTexts texts;
  texts.reserve(static_cast<std::size_t>(array.length()));
  for (std::int64_t row = 0; row < array.length(); ++row) texts.emplace_back(text_at(array, row));
  return texts;
}

ParquetFlags flags_of(const arrow::BooleanArray& array) {
  ParquetFlags flags;
  for (std::int64_t row = 0; row < array.length(); ++row) flags.push_back(!array.IsNull(row) && array.Value(row));
  return flags;
}

template <class ListArray>
ParquetTextLists text_lists_of(const ListArray& array) {
  ParquetTextLists lists(static_cast<std::size_t>(array.length()));
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const auto first = array.value_offset(row);
    for (auto at = first; at < first + array.value_length(row); ++at) {
      lists[static_cast<std::size_t>(row)].emplace_back(text_at(*array.values(), at));
    }
  }
  return lists;
}

template <class ListArray>
bool is_text_list(const arrow::Array& array) {
  return array.type_id() == ListArray::TypeClass::type_id &&
         is_text(*static_cast<const ListArray&>(array).value_type());
}

ParquetBatch::Column column_of(const std::string& name, const arrow::Array& array, const std::filesystem::path& path) {
  if (is_text(*array.type())) return {name, texts_of(array)};
  if (array.type_id() == arrow::Type::BOOL) return {name, flags_of(static_cast<const arrow::BooleanArray&>(array))};
  if (is_text_list<arrow::ListArray>(array)) return {name, text_lists_of(static_cast<const arrow::ListArray&>(array))};
  if (is_text_list<arrow::LargeListArray>(array))
    return {name, text_lists_of(static_cast<const arrow::LargeListArray&>(array))};
  throw Error(ErrorKind::input, fmt::format("{}: column '{}' holds {}; expected strings, lists of strings or booleans",
                                            path.string(), name, array.type()->ToString()));
}

// One thread: the caller shares the cores out.
std::unique_ptr<parquet::arrow::FileReader> open_parquet(const std::filesystem::path& path) {
  auto file = checked(arrow::io::ReadableFile::Open(path.string()), path);
  parquet::arrow::FileReaderBuilder builder;
  check_arrow(builder.Open(std::move(file)), path);
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_batch_size(kBatchRows);
  builder.properties(properties);
  return checked(builder.Build(), path);
}

std::shared_ptr<arrow::Schema> schema_of(parquet::arrow::FileReader& reader, const std::filesystem::path& path) {
  std::shared_ptr<arrow::Schema> schema;
  check_arrow(reader.GetSchema(&schema), path);
  return schema;
}

// Numbers of the file's leaf columns below the top-level fields `names`; a list has one leaf, named col.list.element.
std::vector<int> leaves_of(parquet::arrow::FileReader& reader, std::span<const std::string> names,
                           const std::filesystem::path& path) {
  const arrow::FieldVector fields = schema_of(reader, path)->fields();
  const parquet::SchemaDescriptor& leaves = *reader.parquet_reader()->metadata()->schema();
  std::vector<int> chosen;
  for (const std::string& name : names) {
    const std::size_t before = chosen.size();
    for (int leaf = 0; leaf < leaves.num_columns(); ++leaf) {
      if (leaves.GetColumnRoot(leaf)->name() == name) chosen.push_back(leaf);
    }
    if (chosen.size() > before) continue;
    std::vector<std::string> present;
    for (const auto& field : fields) present.push_back(field->name());
    throw Error(ErrorKind::input, fmt::format("{} has no column '{}'; its columns are: {}", path.string(), name,
                                              fmt::join(present, ", ")));
  }
  return chosen;
}

ParquetBatch batch_of(const arrow::RecordBatch& batch, std::span<const std::string> names,
                      const std::filesystem::path& path) {
  std::vector<ParquetBatch::Column> columns;
  for (const std::string& name : names) columns.push_back(column_of(name, *batch.GetColumnByName(name), path));
  return {path.string(), static_cast<std::size_t>(batch.num_rows()), std::move(columns)};
}

// Arrow reports most failures by status, some by exceptions of Parquet's own.
template <class Work>
auto with_parquet_errors(const std::filesystem::path& path, Work&& work) {
  try {
    return work();
  } catch (const parquet::ParquetException& error) {
    throw Error(ErrorKind::input, fmt::format("{} cannot be read as a Parquet table: {}", path.string(), error.what()));
  }
}

}  // namespace

bool has_parquet() { return true; }

std::vector<std::string> parquet_columns(const std::filesystem::path& path) {
  return with_parquet_errors(path, [&] { return schema_of(*open_parquet(path), path)->field_names(); });
}

void read_parquet(const std::filesystem::path& path, std::span<const std::string> columns,
                  const std::function<void(const ParquetBatch&)>& visit) {
  with_parquet_errors(path, [&] {
    const auto reader = open_parquet(path);
    std::vector<int> row_groups(static_cast<std::size_t>(reader->num_row_groups()));
    std::iota(row_groups.begin(), row_groups.end(), 0);
    const auto batches = checked(reader->GetRecordBatchReader(row_groups, leaves_of(*reader, columns, path)), path);
    while (const auto batch = checked(batches->Next(), path)) visit(batch_of(*batch, columns, path));
  });
}

}  // namespace eoshard::ingest
