// Comma-separated tables (RFC 4180), written a row at a time.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace eoshard::ingest {

/// One line with its newline; fields are quoted where they hold a comma, a quote or a line break.
std::string csv_row(std::span<const std::string> fields);

}  // namespace eoshard::ingest
