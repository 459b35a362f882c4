#include "libingest/report/report_sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "libingest/report/html_text.hpp"
#include "libingest/report/quicklook.hpp"
#include "libingest/report/report_charts.hpp"

namespace eoshard::ingest {
namespace {

std::string section(std::string_view id, std::string_view title, const std::string& lead, const std::string& body) {
  const std::string paragraph = lead.empty() ? "" : "<p class=\"lead\">" + lead + "</p>\n";
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}{}</section>\n", id, title, paragraph, body);
}

std::string card(const std::string& body) { return "<div class=\"card\">" + body + "</div>\n"; }

struct Column {
  std::string name;
  bool is_number = false;
};

std::vector<Column> text_columns(std::initializer_list<const char*> names) {
  std::vector<Column> columns;
  for (const char* const name : names) columns.push_back({name, false});
  return columns;
}

void add_number_columns(std::vector<Column>& columns, const std::vector<std::string>& names) {
  for (const std::string& name : names) columns.push_back({name, true});
}

std::string header_cells(const std::vector<Column>& columns) {
  std::string html = "<tr>";
  for (const Column& column : columns) {
    html +=
        fmt::format("<th scope=\"col\"{}>{}</th>", column.is_number ? " class=\"n\"" : "", escape_html(column.name));
  }
  return html + "</tr>";
}

std::string table(std::string_view id, const std::string& caption, const std::vector<Column>& columns,
                  const std::string& rows, std::string_view css_class = "") {
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

// ---- classes

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

// ---- co-occurrence

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

// ---- pictures

std::string other_labels(const ReportData& data, const ReportPicture& picture, std::size_t list) {
  std::vector<std::string> names;
  for (const std::size_t index : picture.classes) {
    if (index != list) names.push_back(data.classes[index]);
  }
  if (picture.classes.empty()) return "";
  return names.empty() ? "<i>alone</i>" : "with " + escape_html(fmt::format("{}", fmt::join(names, "; ")));
}

std::string picture_figure(const ReportData& data, const ReportPicture& picture, std::size_t list) {
  std::vector<std::string> names;
  for (const std::size_t index : picture.classes) names.push_back(data.classes[index]);
  return fmt::format(
      "<figure class=\"look\"><img src=\"{}\" width=\"120\" height=\"120\" alt=\"{}: {}\" title=\"{}\"/><figcaption>{}"
      "{}</figcaption></figure>",
      picture.picture, escape_html(picture.patch_id),
      names.empty() ? "no labels" : escape_html(fmt::format("{}", fmt::join(names, ", "))),
      escape_html(picture.patch_id), dot(picture.split), other_labels(data, picture, list));
}

std::string picture_heading(const ReportData& data, std::size_t list) {
  if (list == data.classes.size()) return "<h3>Without a label</h3>";
  return fmt::format("<h3><span class=\"no\">{}</span> {} <small>{}</small></h3>", list + 1,
                     escape_html(data.classes[list]), counted(data.census.together(list, list), "sample"));
}

std::string picture_card(const ReportData& data, std::size_t list) {
  std::string figures;
  for (const ReportPicture& picture : data.pictures[list]) figures += picture_figure(data, picture, list);
  if (data.classes.empty()) return "<div class=\"card looks wide\">" + figures + "</div>\n";
  return fmt::format("<div class=\"card\">{}<div class=\"looks\">{}</div></div>\n", picture_heading(data, list),
                     figures);
}

std::string picture_lead(const ReportData& data) {
  const ReportSampling& sampling = data.sampling;
  const std::string bands = fmt::format("{}", fmt::join(sampling.rgb_bands, ", "));
  return fmt::format(
      "{} {}, stretched alike in every picture, so that they compare: stored values {:.0f} to {:.0f} (1st and 99th "
      "percentile), gamma {:.1f}. The dot has the colour of the split. Samples are chosen by a hash of their patch id, "
      "rare classes first.",
      escape_html(bands), sampling.rgb_bands.size() == 3 ? "as red, green and blue" : "in grey", sampling.low,
      sampling.high, sampling.gamma);
}

// ---- maps

std::string legend(const ReportData& data) {
  std::string html = "<ul class=\"legend\">";
  for (const std::string& name : all_categories(data)) {
    if (data.census.in_category(name) == 0) continue;
    html += fmt::format("<li>{}<b>{}</b> {}</li>", dot(name), escape_html(name),
                        escape_html(describe_category(name).meaning));
  }
  return html + "</ul>\n";
}

std::string counts_in_words(const ReportData& data, const GranuleCounts& granule) {
  std::vector<std::string> words;
  for (const std::string& name : all_categories(data)) {
    const auto found = granule.by_category.find(name);
    if (found != granule.by_category.end()) words.push_back(with_separators(found->second) + " " + name);
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string map_figure(const ReportData& data, const ReportMap& map) {
  const GranuleCounts& counts = data.census.granules().at(map.granule);
  return fmt::format(
      "<figure class=\"card map\"><img src=\"{}\" style=\"aspect-ratio:{}/{}\" alt=\"Map of {}: {}\"/>"
      "<figcaption><b>{}</b> <time>{}</time> <span>{} of {} kept</span></figcaption></figure>\n",
      map.picture, map.columns, map.rows, escape_html(map.granule.product), escape_html(counts_in_words(data, counts)),
      escape_html(map.granule.mgrs_tile), escape_html(map.granule.acquired.substr(0, 10)), with_separators(counts.kept),
      with_separators(counts.patches()));
}

std::string map_lead(const ReportData& data) {
  const std::size_t granules = data.census.granules().size();
  std::string lead =
      "A square is a patch of 1,200 m, north is up; its colour says which split it went to, or why it was dropped.";
  if (data.maps.size() < granules) {
    lead += fmt::format(
        " {} of {} granules are drawn, evenly chosen in the order of tile and time; the tables below "
        "count all.",
        data.maps.size(), with_separators(granules));
  }
  return lead;
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

std::string picture_section(const ReportData& data) {
  std::string cards;
  for (std::size_t list = 0; list < data.pictures.size(); ++list) {
    if (!data.pictures[list].empty()) cards += picture_card(data, list);
  }
  if (cards.empty()) return "";
  return section("pictures", "Pictures", picture_lead(data), "<div class=\"gallery\">" + cards + "</div>\n");
}

std::string map_section(const ReportData& data) {
  if (data.maps.empty()) return "";
  std::string body = legend(data);
  const std::string areas = data.areas.size() > 1 ? area_chart(data.areas) : "";
  if (!areas.empty()) {
    body += card("<h3>Ground areas</h3>" + areas +
                 "<p class=\"hint\">The fuller the colour, the larger the share of patches that was kept.</p>");
  }
  body += data.maps.size() < 3 ? "<div class=\"maps few\">" : "<div class=\"maps\">";
  for (const ReportMap& map : data.maps) body += map_figure(data, map);
  return section("map", "Map", map_lead(data), body + "</div>\n");
}

std::string product_section(const ReportData& data) {
  if (data.census.granules().empty()) return "";
  return section("products", "Products", "Every patch of every product is in one column.",
                 card(area_table(data)) + card(granule_table(data)));
}

}  // namespace eoshard::ingest
