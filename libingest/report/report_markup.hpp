// What the sections of a report are put together from: headings, cards, tables.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/report/report_data.hpp"

namespace eoshard::ingest {

/// A section with its heading; `lead` is the paragraph under it, none where it is empty.
std::string section(std::string_view id, std::string_view title, const std::string& lead, const std::string& body);

/// A framed part of a section.
std::string card(const std::string& body);

struct Column {
  std::string name;
  bool is_number = false;
};

std::vector<Column> text_columns(std::initializer_list<const char*> names);
void add_number_columns(std::vector<Column>& columns, const std::vector<std::string>& names);

/// `rows` are <tr> elements.
std::string table(std::string_view id, const std::string& caption, const std::vector<Column>& columns,
                  const std::string& rows, std::string_view css_class = "");

std::string number_cell(std::uint64_t number);

/// In the colour of a split or a reason.
std::string dot(std::string_view category);

/// The splits, then the reasons.
std::vector<std::string> all_categories(const ReportData& data);
std::uint64_t all_patches(const ReportData& data);

}  // namespace eoshard::ingest
