// What stands in for parquet_table.cpp in a build without Arrow.
#include <fmt/format.h>

#include "libingest/core/error.hpp"
#include "libingest/table/parquet_table.hpp"
#include "libingest/table/parquet_writer.hpp"

namespace eoshard::ingest {
namespace {

[[noreturn]] void throw_absent(const std::filesystem::path& path, std::string_view done = "read") {
  throw Error(ErrorKind::input,
              fmt::format("{} cannot be {}: this build is without Parquet; build again where pyarrow is in .deps/venv "
                          "('make setup'), or name a CSV file",
                          path.string(), done));
}

}  // namespace

bool has_parquet() { return false; }

std::vector<std::string> parquet_columns(const std::filesystem::path& path) { throw_absent(path); }

void read_parquet(const std::filesystem::path& path, std::span<const std::string>,
                  const std::function<void(const ParquetBatch&)>&) {
  throw_absent(path);
}

void write_parquet(const std::filesystem::path& path, std::span<const ParquetColumn>) { throw_absent(path, "written"); }

}  // namespace eoshard::ingest
