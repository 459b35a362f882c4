#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gmock/gmock.h>
#include <parquet/arrow/writer.h>

#include <array>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/table/parquet_table.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

template <class Builder, class Append>
std::shared_ptr<arrow::Array> build(Builder&& builder, int rows, Append append) {
  for (int row = 0; row < rows; ++row) EXPECT_TRUE(append(builder, row).ok());
  return builder.Finish().ValueOrDie();
}

// Row r: id "r", labels r % 3 times "label", snowy every other row, a text column of dictionary type; row 1 is null.
void write_table(const std::filesystem::path& path, int rows) {
  auto texts = std::make_shared<arrow::StringBuilder>();
  const auto ids =
      build(arrow::StringBuilder(), rows, [](auto& to, int row) { return to.Append(std::to_string(row)); });
  const auto labels = build(arrow::ListBuilder(arrow::default_memory_pool(), texts), rows, [&](auto& to, int row) {
    if (row == 1) return to.AppendNull();
    arrow::Status status = to.Append();
    for (int label = 0; label < row % 3; ++label) status &= texts->Append("label");
    return status;
  });
  const auto snow = build(arrow::BooleanBuilder(), rows,
                          [](auto& to, int row) { return row == 1 ? to.AppendNull() : to.Append(row % 2 == 0); });
  const auto country = build(arrow::StringDictionaryBuilder(), rows, [](auto& to, int row) {
    return row == 1 ? to.AppendNull() : to.Append(row % 2 == 0 ? "Austria" : "Finland");
  });
  const auto number = build(arrow::Int64Builder(), rows, [](auto& to, int row) { return to.Append(row); });
  const auto schema = arrow::schema({arrow::field("id", ids->type()), arrow::field("labels", labels->type()),
                                     arrow::field("snow", snow->type()), arrow::field("country", country->type()),
                                     arrow::field("number", number->type())});
  const auto file = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
  const auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const auto table = arrow::Table::Make(schema, {ids, labels, snow, country, number});
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file, 40'000,
                                         parquet::default_writer_properties(), properties)
                  .ok());
  ASSERT_TRUE(file->Close().ok());
}

std::string error_of(const std::filesystem::path& path, const std::string& column) {
  try {
    const std::array<std::string, 1> columns = {column};
    read_parquet(path, columns, [](const ParquetBatch&) {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ReadParquet, GivesTheChosenColumns) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.parquet";
  write_table(path, 4);
  const std::array<std::string, 4> columns = {"labels", "country", "snow", "id"};
  int batches = 0;
  read_parquet(path, columns, [&](const ParquetBatch& batch) {
    ++batches;
    EXPECT_EQ(batch.rows(), 4u);
    EXPECT_THAT(batch.texts("id"), ElementsAre("0", "1", "2", "3"));
    EXPECT_THAT(batch.text_lists("labels"),
                ElementsAre(SizeIs(0), SizeIs(0), ElementsAre("label", "label"), SizeIs(0)));
    EXPECT_THAT(batch.flags("snow"), ElementsAre(true, false, true, false));
    EXPECT_THAT(batch.texts("country"), ElementsAre("Austria", "", "Austria", "Finland"));
    EXPECT_THROW(batch.texts("snow"), Error);
  });
  EXPECT_EQ(batches, 1);
}

TEST(ReadParquet, GivesALongTableInOrderAndInBatches) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.parquet";
  constexpr std::size_t kRows = 100'000;
  write_table(path, kRows);
  const std::array<std::string, 2> columns = {"id", "labels"};
  std::size_t row = 0, labels = 0;
  read_parquet(path, columns, [&](const ParquetBatch& batch) {
    EXPECT_LE(batch.rows(), 65'536u);
    for (const std::string& id : batch.texts("id")) EXPECT_EQ(id, std::to_string(row++));
    for (const auto& list : batch.text_lists("labels")) labels += list.size();
  });
  EXPECT_EQ(row, kRows);
  EXPECT_EQ(labels, 99'998u);  // 33,333 full cycles of 0 + 1 + 2, without the null
}

TEST(ReadParquet, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.parquet";
  write_table(path, 3);
  EXPECT_THAT(error_of(path, "split"),
              HasSubstr("no column 'split'; its columns are: id, labels, snow, country, number"));
  EXPECT_THAT(error_of(path, "number"), HasSubstr("column 'number' holds int64"));
  EXPECT_THAT(error_of(folder.path() / "absent.parquet", "id"), HasSubstr("absent.parquet"));
  const std::string bytes = read_text_file(path);
  write_file(path, bytes.substr(0, bytes.size() / 2), Durability::rename_only);
  EXPECT_THAT(error_of(path, "id"), HasSubstr("cannot be read as a Parquet table"));
}

TEST(ParquetColumns, ListsTheFields) {
  const TemporaryFolder folder;
  write_table(folder.path() / "table.parquet", 1);
  EXPECT_THAT(parquet_columns(folder.path() / "table.parquet"),
              ElementsAre("id", "labels", "snow", "country", "number"));
}

}  // namespace
}  // namespace eoshard::ingest
