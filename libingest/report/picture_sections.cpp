#include "libingest/report/report_sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libingest/report/html_text.hpp"
#include "libingest/report/quicklook.hpp"
#include "libingest/report/report_charts.hpp"
#include "libingest/report/report_markup.hpp"

namespace eoshard::ingest {
namespace {

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

}  // namespace

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

}  // namespace eoshard::ingest
