// Tables: CSV with a header.
#include "libingest/table/csv_reader.hpp"
#include "tests/fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  eoshard::read_or_refuse([&] {
    eoshard::ingest::CsvReader table(eoshard::as_text(data, bytes), "table.csv");
    for (std::vector<std::string> row; table.next(row);) continue;
  });
  return 0;
}
