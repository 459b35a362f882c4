#include "libingest/report/report_sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "libingest/report/html_text.hpp"
#include "libingest/report/report_charts.hpp"
#include "libingest/report/report_markup.hpp"

namespace eoshard::ingest {
namespace {

std::vector<BarSegment> class_segments(const ReportData& data, std::size_t index) {
  std::vector<BarSegment> segments;
  for (const std::string& split : data.splits) segments.push_back({split, data.census.in_class(split, index)});
  return segments;
}

std::string class_row(const ReportData& data, std::size_t index, std::uint64_t longest) {
  const std::uint64_t samples = data.census.together(index, index);
  std::string row = fmt::format(
      "<tr{}><td class=\"n no\">{}</td><th scope=\"row\">{}</th><td class=\"barcell\">{}</td>{}<td class=\"n\">{}</td>",
      samples == 0 ? " class=\"none\"" : "", index + 1, escape_html(data.classes[index]),
      small_bar(class_segments(data, index), longest), number_cell(samples),
      samples == 0 ? "–" : percent(samples, data.census.kept()));
  for (const std::string& split : data.splits) row += number_cell(data.census.in_class(split, index));
  return row + "</tr>\n";
}

std::string class_table(const ReportData& data) {
  std::uint64_t longest = 0;
  for (std::size_t index = 0; index < data.classes.size(); ++index) {
    longest = std::max(longest, data.census.together(index, index));
  }
  std::string rows;
  for (std::size_t index = 0; index < data.classes.size(); ++index) rows += class_row(data, index, longest);
  std::vector<Column> columns = {{"no.", true}, {"class"}, {""}, {"samples", true}, {"of all", true}};
  add_number_columns(columns, data.splits);
  return table("by-class", "Samples that carry each class", columns, rows);
}

std::vector<std::size_t> occurring_classes(const ReportData& data) {
  std::vector<std::size_t> indices;
  for (std::size_t index = 0; index < data.classes.size(); ++index) {
    if (data.census.together(index, index) > 0) indices.push_back(index);
  }
  return indices;
}

double labels_a_sample(const ReportData& data) {
  std::uint64_t labels = 0;
  for (const std::size_t index : occurring_classes(data)) labels += data.census.together(index, index);
  return data.census.kept() == 0 ? 0 : static_cast<double>(labels) / static_cast<double>(data.census.kept());
}

// Classes that occur, but not in every split that has samples: what a score per class will lack.
std::string gaps(const ReportData& data) {
  std::string items;
  for (const std::string& split : data.splits) {
    if (data.census.in_category(split) == 0) continue;
    std::vector<std::string> missing;
    for (const std::size_t index : occurring_classes(data)) {
      if (data.census.in_class(split, index) == 0) missing.push_back(data.classes[index]);
    }
    if (missing.empty()) continue;
    items += fmt::format("<li>{} has no sample of {}.</li>", escape_html(split),
                         escape_html(fmt::format("{}", fmt::join(missing, "; "))));
  }
  return items.empty() ? "" : "<ul class=\"gaps\">" + items + "</ul>\n";
}

constexpr std::size_t kMaxCountedClasses = 22;  // more cells are drawn small, without their counts

std::string matrix_cell(const ReportData& data, std::size_t row, std::size_t column) {
  const std::uint64_t both = data.census.together(row, column);
  const std::uint64_t all = data.census.together(row, row);
  if (row == column) {
    return fmt::format("<td class=\"n self\" title=\"{}\"><data value=\"{}\">{}</data></td>", counted(both, "sample"),
                       both, compact(both));
  }
  if (both == 0) return "<td class=\"n zero\"><data value=\"0\">·</data></td>";
  // The root shows small shares too.
  return fmt::format(
      "<td class=\"n heat\" style=\"--share:{:.2f}\" title=\"{} of {} samples with {} carry {} too\"><data "
      "value=\"{}\">{}</data></td>",
      std::sqrt(static_cast<double>(both) / static_cast<double>(all)), with_separators(both), with_separators(all),
      escape_html(data.classes[row]), escape_html(data.classes[column]), both, compact(both));
}

std::string matrix_row(const ReportData& data, std::size_t row, const std::vector<std::size_t>& classes) {
  std::string html = fmt::format("<tr><th scope=\"row\"><span class=\"no\">{}</span> {}</th>", row + 1,
                                 escape_html(data.classes[row]));
  for (const std::size_t column : classes) html += matrix_cell(data, row, column);
  return html + "</tr>\n";
}

}  // namespace

std::string class_section(const ReportData& data) {
  if (data.classes.empty()) return "";
  const std::size_t empty = data.classes.size() - occurring_classes(data).size();
  const std::string lead =
      fmt::format("{} ({}); {:.2f} labels a sample on average{}.", counted(data.classes.size(), "class"),
                  escape_html(data.nomenclature), labels_a_sample(data),
                  empty == 0 ? "" : fmt::format("; {} without a sample", counted(empty, "class")));
  const std::string columns = column_chart(data.census.labels_a_sample(), "Samples by their number of labels");
  return section("classes", "Classes", lead,
                 card(gaps(data) + class_table(data)) + card("<h3>Samples by number of labels</h3>" + columns));
}

std::string co_occurrence_section(const ReportData& data) {
  const std::vector<std::size_t> classes = occurring_classes(data);
  if (classes.size() < 2 || data.task != "multi-label") return "";
  std::vector<Column> columns = {{"class"}};
  std::string rows;
  for (const std::size_t index : classes) {
    columns.push_back({std::to_string(index + 1), true});
    rows += matrix_row(data, index, classes);
  }
  const bool is_dense = classes.size() > kMaxCountedClasses;
  const std::string lead = fmt::format(
      "Samples that carry the class of the row and that of the column. The fuller the colour, the larger the share of "
      "the row's class{}.",
      is_dense ? "; each cell's title has the count" : "; the diagonal counts the class itself");
  return section("together", "Classes together", lead,
                 card(table("co-occurrence", "Co-occurrence of classes, by their numbers", columns, rows,
                            is_dense ? "dense" : "")));
}

}  // namespace eoshard::ingest
