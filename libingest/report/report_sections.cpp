#include "libingest/report/report_sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/report/html_text.hpp"
#include "libingest/report/quicklook.hpp"
#include "libingest/report/report_charts.hpp"
#include "libingest/report/report_markup.hpp"

namespace eoshard::ingest {
namespace {

// ---- summary

std::string figure_tile(const std::string& value, const std::string& what) {
  return fmt::format("<div class=\"figure\"><b>{}</b><span>{}</span></div>", value, what);
}

std::string count_tile(std::uint64_t number, std::string_view noun) {
  return figure_tile(with_separators(number), plural(number, noun));
}

std::string key_figures(const ReportData& data) {
  const std::string kept = percent(data.census.kept(), all_patches(data));
  return "<div class=\"figures\">" + count_tile(data.census.kept(), "sample") +
         figure_tile(kept, fmt::format("of {} kept", counted(all_patches(data), "patch"))) +
         count_tile(data.classes.size(), "class") + count_tile(data.bands.size(), "band") +
         count_tile(data.census.granules().size(), "granule") + count_tile(data.areas.size(), "tile") + "</div>\n";
}

std::string category_row(const std::string& name, std::uint64_t count, std::uint64_t whole) {
  return fmt::format("<tr><th scope=\"row\" class=\"name\">{}{}</th><td>{}</td>{}<td class=\"n\">{}</td></tr>\n",
                     dot(name), escape_html(name), escape_html(describe_category(name).meaning), number_cell(count),
                     percent(count, whole));
}

std::string category_table(const ReportData& data, std::string_view id, const std::string& caption,
                           const std::vector<std::string>& names) {
  std::string rows;
  for (const std::string& name : names) rows += category_row(name, data.census.in_category(name), all_patches(data));
  std::vector<Column> columns = text_columns({"", ""});
  add_number_columns(columns, {"patches", "of all"});
  return table(id, caption, columns, rows);
}

std::string fate_bar(const ReportData& data) {
  std::vector<BarSegment> segments;
  for (const std::string& name : all_categories(data)) segments.push_back({name, data.census.in_category(name)});
  return stacked_bar(segments, fmt::format("What became of {} patches: {} kept, {} rejected", all_patches(data),
                                           data.census.kept(), data.census.rejected()));
}

std::string array_table(const ReportData& data) {
  std::string rows;
  for (const ReportArray& array : data.arrays) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                        escape_html(array.name), escape_html(array.dtype),
                        fmt::format("N × {}", fmt::join(array.sample_shape, " × ")),
                        array.resolution_m > 0 ? fmt::format("{} m", array.resolution_m) : "–",
                        escape_html(fmt::format("{}", fmt::join(array.bands, " "))));
  }
  return table("arrays", "Arrays of every split", text_columns({"array", "type", "shape", "grid", "bands"}), rows);
}

std::string origin(const ReportData& data) {
  return fmt::format(
      "<details><summary>How it was made</summary><dl><dt>Program</dt><dd>{} {}</dd><dt>Split rule</dt><dd>{}, seed "
      "{}</dd><dt>Command</dt><dd><code>{}</code></dd></dl></details>\n",
      escape_html(data.program), escape_html(data.version), escape_html(data.split_rule), data.seed,
      escape_html(data.command_line));
}

// ---- bands

std::string band_card(const ReportBand& band, double quantification_value) {
  const double scale = quantification_value;
  return fmt::format(
      "<figure class=\"card band\"><figcaption><b>{}</b> <span>median {:.4f}</span></figcaption>{}</figure>\n",
      escape_html(band.name), band.median / scale, histogram_chart(band, scale));
}

std::string moment_rows(const ReportBand& band) {
  std::string rows;
  for (const ReportMoments& split : band.splits) {
    if (split.pixels == 0) continue;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{:.2f}</td><td "
        "class=\"n\">{:.2f}</td>{}{}{}</tr>\n",
        escape_html(band.name), escape_html(split.split), split.mean, split.standard_deviation,
        number_cell(split.minimum), number_cell(split.maximum), number_cell(split.pixels));
  }
  return rows;
}

std::string moment_table(const ReportData& data) {
  std::string rows;
  for (const ReportBand& band : data.bands) rows += moment_rows(band);
  std::vector<Column> columns = text_columns({"band", "split"});
  add_number_columns(columns, {"mean", "standard deviation", "minimum", "maximum", "pixels"});
  return table("band-statistics", "Exact statistics over all pixels, in stored units", columns, rows);
}

std::string sampled_words(const ReportData& data) {
  return data.sampling.samples == data.census.kept()
             ? fmt::format("all {}", counted(data.sampling.samples, "sample"))
             : fmt::format("{} of {} samples, evenly spaced", with_separators(data.sampling.samples),
                           with_separators(data.census.kept()));
}

// ---- products

std::string more_rows(std::size_t shown, std::size_t all) {
  if (shown == all) return "";
  return fmt::format("<p class=\"more\">{} of {} rows are shown.</p>\n", with_separators(shown), with_separators(all));
}

std::string area_table(const ReportData& data) {
  std::string rows;
  const std::size_t shown = std::min(data.areas.size(), kMaxTableRows);
  for (std::size_t index = 0; index < shown; ++index) {
    const ReportArea& area = data.areas[index];
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td>{}<td>{}</td><td>{}</td>{}{}<td "
        "class=\"n\">{}</td></tr>\n",
        escape_html(area.mgrs_tile), area.epsg, number_cell(area.granules),
        escape_html(area.first_acquired.substr(0, 10)), escape_html(area.last_acquired.substr(0, 10)),
        number_cell(area.kept + area.rejected), number_cell(area.kept), percent(area.kept, area.kept + area.rejected));
  }
  std::vector<Column> columns = {{"tile"}, {"EPSG", true}, {"granules", true}, {"first"}, {"last"}};
  add_number_columns(columns, {"patches", "kept", "share"});
  return table("by-tile", "Ground areas", columns, rows) + more_rows(shown, data.areas.size());
}

std::string granule_row(const ReportData& data, const GranuleKey& key, const GranuleCounts& counts) {
  std::string row =
      fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>{}", escape_html(key.product),
                  escape_html(key.mgrs_tile), escape_html(counts.baseline), number_cell(counts.patches()));
  for (const std::string& name : all_categories(data)) {
    const auto found = counts.by_category.find(name);
    row += number_cell(found == counts.by_category.end() ? 0 : found->second);
  }
  return row + "</tr>\n";
}

std::string granule_table(const ReportData& data) {
  std::vector<Column> columns = {{"product"}, {"tile"}, {"baseline"}, {"patches", true}};
  add_number_columns(columns, all_categories(data));
  std::string rows;
  std::size_t shown = 0;
  for (const auto& [key, counts] : data.census.granules()) {
    if (shown == kMaxTableRows) break;
    rows += granule_row(data, key, counts);
    ++shown;
  }
  return table("by-product", "Patches of every product", columns, rows) +
         more_rows(shown, data.census.granules().size());
}

}  // namespace

std::string summary_section(const ReportData& data) {
  std::string body = key_figures(data);
  body += card("<h3>What became of every patch</h3>" + fate_bar(data) + "<div class=\"pair\">" +
               category_table(data, "by-split", "Kept, by split", data.splits) +
               category_table(data, "by-reason", "Rejected, by the first reason that fits", data.reasons) + "</div>");
  body += card(array_table(data) + origin(data));
  return section("summary", "Summary", "", body);
}

std::string band_section(const ReportData& data) {
  if (data.bands.empty()) return "";
  std::string body;
  if (data.sampling.samples > 0) {
    body += card("<h3>Spectrum</h3>" + spectrum_chart(data.bands, data.quantification_value) +
                 "<p class=\"hint\">Line: 1st to 99th percentile; box: the middle half; bar in it: median.</p>");
    body += "<div class=\"bands\">";
    for (const ReportBand& band : data.bands) body += band_card(band, data.quantification_value);
    body += "</div>\n";
  }
  body += card("<details><summary>Statistics by band and split</summary>" + moment_table(data) + "</details>");
  const std::string lead =
      data.sampling.samples == 0
          ? "No pixels could be sampled; the statistics below are over all pixels."
          : fmt::format(
                "Reflectance, which is stored value / {:.0f}. Charts are drawn from {}; the dashed line is the "
                "exact mean of all pixels.",
                data.quantification_value, sampled_words(data));
  return section("bands", "Bands", lead, body);
}

std::string product_section(const ReportData& data) {
  if (data.census.granules().empty()) return "";
  return section("products", "Products", "Every patch of every product is in one column.",
                 card(area_table(data)) + card(granule_table(data)));
}

}  // namespace eoshard::ingest
