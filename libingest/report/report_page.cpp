#include "libingest/report/report_page.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "libingest/report/html_text.hpp"
#include "libingest/report/report_sections.hpp"
#include "libingest/report/report_style.hpp"

namespace eoshard::ingest {
namespace {

struct Section {
  const char* id;
  const char* title;
  std::string (*build)(const ReportData&);
};

constexpr std::array<Section, 7> kSections = {{
    {"summary", "Summary", summary_section},
    {"classes", "Classes", class_section},
    {"together", "Together", co_occurrence_section},
    {"bands", "Bands", band_section},
    {"pictures", "Pictures", picture_section},
    {"map", "Map", map_section},
    {"products", "Products", product_section},
}};

std::string head(const ReportData& data) {
  return fmt::format(
      "<head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
      "<meta name=\"color-scheme\" content=\"light dark\"/><link rel=\"icon\" href=\"data:,\"/><title>{}: a dataset of "
      "{}</title>\n<style>{}</style></head>\n",
      escape_html(data.name), counted(data.census.kept(), "sample"), kReportStyle);
}

std::string notes(const ReportData& data) {
  if (data.notes.empty()) return "";
  std::string html = "<aside class=\"notes\"><h2>Worth knowing</h2><ul>";
  for (const std::string& note : data.notes) html += "<li>" + escape_html(note) + "</li>";
  return html + "</ul></aside>\n";
}

std::string period(const ReportData& data) {
  std::string first, last;
  for (const ReportArea& area : data.areas) {
    const std::string from = area.first_acquired.substr(0, 10);
    const std::string to = area.last_acquired.substr(0, 10);
    if (first.empty() || from < first) first = from;
    if (to > last) last = to;
  }
  if (first.empty()) return "";
  const std::string begin = ", <time>" + escape_html(first) + "</time>";
  return first == last ? begin : begin + " to <time>" + escape_html(last) + "</time>";
}

std::string in_one_sentence(const ReportData& data) {
  const std::string labels = data.classes.empty()
                                 ? "without labels"
                                 : fmt::format("of {} ({})", counted(data.classes.size(), "class"), data.nomenclature);
  return fmt::format("{} {}, {}, from {} of {}{}", counted(data.census.kept(), "sample"), escape_html(labels),
                     escape_html(data.task), counted(data.census.granules().size(), "granule"),
                     counted(data.areas.size(), "tile"), period(data));
}

std::string header(const ReportData& data, const std::string& links) {
  return fmt::format(
      "<header><p class=\"kicker\">eoshard dataset</p><h1>{}</h1><p class=\"lead\">{}</p><nav "
      "aria-label=\"Sections\">{}</nav></header>\n",
      escape_html(data.name), in_one_sentence(data), links);
}

}  // namespace

std::string report_page(const ReportData& data) {
  std::string links, body;
  for (const Section& section : kSections) {
    const std::string html = section.build(data);
    if (html.empty()) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>", section.id, section.title);
    body += html;
  }
  return "<!DOCTYPE html>\n<html lang=\"en\">" + head(data) + "<body>\n" + header(data, links) + "<main>\n" +
         notes(data) + body + "</main>\n<footer>Made by eoshard-info --report.</footer>\n</body></html>\n";
}

}  // namespace eoshard::ingest
