// Lists of patches: CSV with or without a header, names of BigEarthNet v1 and v2, coordinates.
#include "libingest/select/patch_list.hpp"
#include "libingest/table/csv_reader.hpp"
#include "tests/fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace eoshard;
  read_or_refuse([&] {
    ingest::CsvReader table(as_text(data, bytes), "list.csv");
    std::vector<std::vector<std::string>> rows = {table.columns()};
    for (std::vector<std::string> row; table.next(row);) rows.push_back(row);
    ingest::parse_patch_list(rows, "list.csv");
  });
  return 0;
}
