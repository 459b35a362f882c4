#include "libingest/table/csv.hpp"

namespace eoshard::ingest {
namespace {

void append_field(std::string& row, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    row += field;
    return;
  }
  row += '"';
  for (const char character : field) {
    if (character == '"') row += '"';
    row += character;
  }
  row += '"';
}

}  // namespace

std::string csv_row(std::span<const std::string> fields) {
  std::string row;
  for (std::size_t column = 0; column < fields.size(); ++column) {
    if (column > 0) row += ',';
    append_field(row, fields[column]);
  }
  return row + '\n';
}

}  // namespace eoshard::ingest
