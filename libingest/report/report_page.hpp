// A dataset's report: one page of HTML that needs nothing else.
#pragma once

#include <string>

#include "libingest/report/report_data.hpp"

namespace eoshard::ingest {

/// The whole page: style, charts and pictures inside, no script, no reference to anything outside. Well-formed XML but
/// for its doctype. The same data give the same bytes.
std::string report_page(const ReportData& data);

}  // namespace eoshard::ingest
