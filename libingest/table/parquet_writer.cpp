#include "libingest/table/parquet_writer.hpp"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <memory>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::int64_t kGroupRows = 65'536;

void check(const arrow::Status& status) {
  if (!status.ok()) throw Error(ErrorKind::io, fmt::format("no Parquet table can be made: {}", status.ToString()));
}

template <class Value>
Value checked(arrow::Result<Value> result) {
  check(result.status());
  return std::move(result).ValueUnsafe();
}

template <class Builder, class Value>
std::shared_ptr<arrow::Array> array_by(const std::vector<Value>& values) {
  Builder builder;
  check(builder.AppendValues(values));
  return checked(builder.Finish());
}

std::shared_ptr<arrow::Array> array_of(const std::vector<std::string>& values) {
  return array_by<arrow::StringBuilder>(values);
}
std::shared_ptr<arrow::Array> array_of(const std::vector<std::int64_t>& values) {
  return array_by<arrow::Int64Builder>(values);
}
std::shared_ptr<arrow::Array> array_of(const std::vector<float>& values) {
  return array_by<arrow::FloatBuilder>(values);
}

std::shared_ptr<arrow::Array> array_of(const std::vector<std::vector<std::string>>& values) {
  auto texts = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), texts);
  for (const std::vector<std::string>& list : values) {
    check(lists.Append());
    check(texts->AppendValues(list));
  }
  return checked(lists.Finish());
}

std::shared_ptr<arrow::Table> table_of(std::span<const ParquetColumn> columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const ParquetColumn& column : columns) {
    arrays.push_back(std::visit([](const auto& values) { return array_of(values); }, column.values));
    fields.push_back(arrow::field(column.name, arrays.back()->type(), /*nullable=*/false));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), arrays);
}

}  // namespace

// Through memory: predictions are small, and the file appears under its name only when it is complete.
void write_parquet(const std::filesystem::path& path, std::span<const ParquetColumn> columns) {
  const auto memory = checked(arrow::io::BufferOutputStream::Create());
  try {
    check(parquet::arrow::WriteTable(*table_of(columns), arrow::default_memory_pool(), memory, kGroupRows));
  } catch (const parquet::ParquetException& error) {
    throw Error(ErrorKind::io, fmt::format("no Parquet table can be made: {}", error.what()));
  }
  const std::shared_ptr<arrow::Buffer> bytes = checked(memory->Finish());
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(bytes->data(), static_cast<std::size_t>(bytes->size()))));
  file.commit(Durability::fsync);
}

}  // namespace eoshard::ingest
