// count_parquet_values FILE COLUMN...: rows, and how often each value of the columns occurs, as JSON.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "libingest/table/parquet_table.hpp"

int main(int argc, char** argv) {
  using namespace eoshard::ingest;
  const std::vector<std::string> columns(argv + 2, argv + argc);
  std::size_t rows = 0;
  std::map<std::string, std::map<std::string, int>> counts;
  read_parquet(argv[1], columns, [&](const ParquetBatch& batch) {
    rows += batch.rows();
    for (const std::string& column : columns) {
      auto& count = counts[column];
      if (column == "labels") {
        for (const auto& list : batch.text_lists(column)) {
          for (const std::string& value : list) ++count[value];
        }
      } else if (column.starts_with("contains_")) {
        for (const bool value : batch.flags(column)) ++count[value ? "true" : "false"];
      } else {
        for (const std::string& value : batch.texts(column)) ++count[value];
      }
    }
  });
  std::cout << nlohmann::json{{"rows", rows}, {"counts", counts}} << "\n";
}
