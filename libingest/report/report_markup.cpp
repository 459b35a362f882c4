#include "libingest/report/report_markup.hpp"

#include <fmt/format.h>

#include "libingest/report/html_text.hpp"
#include "libingest/report/quicklook.hpp"

namespace eoshard::ingest {
namespace {

std::string header_cells(const std::vector<Column>& columns) {
  std::string html = "<tr>";
  for (const Column& column : columns) {
    html +=
        fmt::format("<th scope=\"col\"{}>{}</th>", column.is_number ? " class=\"n\"" : "", escape_html(column.name));
  }
  return html + "</tr>";
}

}  // namespace

std::string section(std::string_view id, std::string_view title, const std::string& lead, const std::string& body) {
  const std::string paragraph = lead.empty() ? "" : "<p class=\"lead\">" + lead + "</p>\n";
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}{}</section>\n", id, title, paragraph, body);
}

std::string card(const std::string& body) { return "<div class=\"card\">" + body + "</div>\n"; }

std::vector<Column> text_columns(std::initializer_list<const char*> names) {
  std::vector<Column> columns;
  for (const char* const name : names) columns.push_back({name, false});
  return columns;
}

void add_number_columns(std::vector<Column>& columns, const std::vector<std::string>& names) {
  for (const std::string& name : names) columns.push_back({name, true});
}

std::string table(std::string_view id, const std::string& caption, const std::vector<Column>& columns,
                  const std::string& rows, std::string_view css_class) {
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{1}\"><table id=\"{0}\" "
      "class=\"{4}\"><caption>{1}</caption>"
      "<thead>{2}</thead><tbody>\n{3}</tbody></table></div>\n",
      id, escape_html(caption), header_cells(columns), rows, css_class);
}

std::string number_cell(std::uint64_t number) {
  return fmt::format("<td class=\"n{}\">{}</td>", number == 0 ? " zero" : "", with_separators(number));
}

std::string dot(std::string_view category) {
  const Colour colour = describe_category(category).colour;
  return fmt::format("<span class=\"dot\" style=\"background:rgb({},{},{})\"></span>", colour.red, colour.green,
                     colour.blue);
}

std::vector<std::string> all_categories(const ReportData& data) {
  std::vector<std::string> names = data.splits;
  names.insert(names.end(), data.reasons.begin(), data.reasons.end());
  return names;
}

std::uint64_t all_patches(const ReportData& data) { return data.census.kept() + data.census.rejected(); }

}  // namespace eoshard::ingest
