#include "libingest/report/report_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "libingest/report/html_text.hpp"
#include "libingest/report/quicklook.hpp"

namespace eoshard::ingest {

double tick_step(double end, int ticks) {
  const double decade = std::pow(10, std::floor(std::log10(end / ticks)));
  for (const double factor : {5.0, 2.0}) {
    if (end / (factor * decade) >= ticks) return factor * decade;
  }
  return decade;
}

std::string tick_label(double value) { return fmt::format("{:.6g}", value); }

namespace {

std::string hex(Colour colour) { return fmt::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue); }

std::uint64_t sum_of(const std::vector<BarSegment>& segments) {
  std::uint64_t sum = 0;
  for (const BarSegment& segment : segments) sum += segment.count;
  return sum;
}

// Rectangles side by side from x = 0 to `width`, a sliver of ground between them.
std::string segment_rects(const std::vector<BarSegment>& segments, double width, double height) {
  const std::uint64_t sum = sum_of(segments);
  std::string svg;
  double x = 0;
  for (const BarSegment& segment : segments) {
    if (segment.count == 0) continue;
    const double own = width * static_cast<double>(segment.count) / static_cast<double>(sum);
    svg += fmt::format(
        R"(<rect x="{:.2f}" y="0" width="{:.2f}" height="{:.0f}" fill="{}"><title>{}: {} ({})</title></rect>)", x,
        std::max(own - 2, own / 2), height, hex(describe_category(segment.name).colour), escape_html(segment.name),
        with_separators(segment.count), percent(segment.count, sum));
    x += own;
  }
  return svg;
}

// Maps a value to pixels of an axis.
struct Axis {
  double from_value, to_value, from_px, to_px;
  double operator()(double value) const {
    return from_px + (value - from_value) / (to_value - from_value) * (to_px - from_px);
  }
};

std::string line(std::string_view css_class, double x1, double y1, double x2, double y2) {
  return fmt::format(R"(<line class="{}" x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}"/>)", css_class, x1, y1, x2,
                     y2);
}

std::string label(std::string_view css_class, double x, double y, std::string_view text) {
  return fmt::format(R"(<text class="{}" x="{:.2f}" y="{:.2f}">{}</text>)", css_class, x, y, escape_html(text));
}

std::string svg_open(double width, double height, std::string_view css_class, const std::string& title) {
  return fmt::format(R"(<svg class="{}" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">)", css_class, width,
                     height, escape_html(title));
}

double mean_of(const ReportBand& band) {
  double sum = 0;
  double pixels = 0;
  for (const ReportMoments& split : band.splits) {
    sum += split.mean * static_cast<double>(split.pixels);
    pixels += static_cast<double>(split.pixels);
  }
  return pixels > 0 ? sum / pixels : 0;
}

std::string histogram_outline(const ReportBand& band, const Axis& x, const Axis& y) {
  std::string path = fmt::format("M{:.1f} {:.1f}", x(0), y(0));
  const double width = band.bins_end / static_cast<double>(band.bins.size());
  for (std::size_t bin = 0; bin < band.bins.size(); ++bin) {
    const double height = y(static_cast<double>(band.bins[bin]));
    path += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}", x(width * static_cast<double>(bin)), height,
                        x(width * static_cast<double>(bin + 1)), height);
  }
  return path + fmt::format("L{:.1f} {:.1f}Z", x(band.bins_end), y(0));
}

std::string spectrum_band(const ReportBand& band, double x, double width, const Axis& y, double scale) {
  std::string svg = line("whisker", x, y(band.low / scale), x, y(band.high / scale));
  svg += fmt::format(
      R"(<rect class="box" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" rx="3"><title>{}: median {:.4f}, half of the pixels in {:.4f} to {:.4f}, 98 % in {:.4f} to {:.4f}</title></rect>)",
      x - width / 2, y(band.upper / scale), width, y(band.lower / scale) - y(band.upper / scale),
      escape_html(band.name), band.median / scale, band.lower / scale, band.upper / scale, band.low / scale,
      band.high / scale);
  return svg + line("median", x - width / 2, y(band.median / scale), x + width / 2, y(band.median / scale));
}

struct Window {
  double west = 180, south = 90, east = -180, north = -90;
};

Window window_of(const std::vector<ReportArea>& areas) {
  Window window;
  for (const ReportArea& area : areas) {
    for (const ReportPoint& corner : area.corners) {
      window = {std::min(window.west, corner.longitude), std::min(window.south, corner.latitude),
                std::max(window.east, corner.longitude), std::max(window.north, corner.latitude)};
    }
  }
  const double margin = 0.06 * std::max(window.east - window.west, window.north - window.south);
  return {window.west - margin, window.south - margin, window.east + margin, window.north + margin};
}

std::string graticule(const Window& window, const Axis& x, const Axis& y) {
  const double step = tick_step(std::max(window.east - window.west, window.north - window.south), 3);
  std::string svg;
  for (double value = std::ceil(window.west / step) * step; value < window.east; value += step) {
    svg += line("grid", x(value), y.from_px, x(value), y.to_px);
    svg += label("tick", x(value) + 4, y.from_px - 5, fmt::format("{:.5g}°", value + 0.0));
  }
  for (double value = std::ceil(window.south / step) * step; value < window.north; value += step) {
    svg += line("grid", x.from_px, y(value), x.to_px, y(value));
    svg += label("tick", x.from_px + 4, y(value) - 4, fmt::format("{:.5g}°", value + 0.0));
  }
  return svg;
}

std::string area_shape(const ReportArea& area, const Axis& x, const Axis& y, bool has_label) {
  std::string points;
  ReportPoint middle;
  for (const ReportPoint& corner : area.corners) {
    points += fmt::format("{:.1f},{:.1f} ", x(corner.longitude), y(corner.latitude));
    middle.longitude += corner.longitude / static_cast<double>(area.corners.size());
    middle.latitude += corner.latitude / static_cast<double>(area.corners.size());
  }
  const std::uint64_t patches = area.kept + area.rejected;
  const double share = patches == 0 ? 0 : static_cast<double>(area.kept) / static_cast<double>(patches);
  std::string svg = fmt::format(
      R"(<polygon class="area" points="{}" fill-opacity="{:.2f}"><title>{}: {}, {} of {} patches kept</title></polygon>)",
      points, 0.12 + 0.6 * share, escape_html(area.mgrs_tile), counted(area.granules, "granule"),
      with_separators(area.kept), with_separators(patches));
  if (!has_label) return svg;
  return svg + label("area-name", x(middle.longitude), y(middle.latitude), area.mgrs_tile) +
         label("area-share", x(middle.longitude), y(middle.latitude) + 15, fmt::format("{:.0f} %", 100 * share));
}

}  // namespace

std::string stacked_bar(const std::vector<BarSegment>& segments, const std::string& title) {
  return fmt::format(
      R"(<svg class="bar" viewBox="0 0 1000 34" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>)",
      escape_html(title), segment_rects(segments, 1000, 34));
}

std::string small_bar(const std::vector<BarSegment>& segments, std::uint64_t longest) {
  const double share = longest == 0 ? 0 : static_cast<double>(sum_of(segments)) / static_cast<double>(longest);
  return fmt::format(
      R"(<svg class="smallbar" viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>)",
      segment_rects(segments, 200 * share, 10));
}

std::string histogram_chart(const ReportBand& band, double quantification_value) {
  if (band.bins.empty()) return "";
  const Axis x = {0, band.bins_end, 6, 254};
  const auto tallest = static_cast<double>(*std::max_element(band.bins.begin(), band.bins.end()));
  const Axis y = {0, std::max(tallest, 1.0), 84, 6};
  std::string svg = svg_open(260, 102, "histogram", fmt::format("Histogram of {}", band.name));
  svg += fmt::format(R"(<path class="fill" d="{}"/>)", histogram_outline(band, x, y));
  svg += line("axis", x.from_px, y(0), x.to_px, y(0));
  const double end = band.bins_end / quantification_value;
  const double step = tick_step(end, 3);
  for (double tick = 0; tick <= end * 0.97; tick += step) {
    svg += line("axis", x(tick * quantification_value), y(0), x(tick * quantification_value), y(0) + 3);
    svg += label(tick == 0 ? "tick first" : "tick middle", x(tick * quantification_value), 98, tick_label(tick));
  }
  const double mean = std::min(mean_of(band), band.bins_end);
  return svg + line("mean", x(mean), y.to_px, x(mean), y.from_px) + "</svg>";
}

std::string spectrum_chart(const std::vector<ReportBand>& bands, double quantification_value) {
  std::uint32_t highest = 0;
  for (const ReportBand& band : bands) highest = std::max(highest, band.high);
  if (highest == 0) return "";
  const double end = 1.04 * highest / quantification_value;
  const Axis y = {0, end, 250, 10};
  const double step_px = 840.0 / static_cast<double>(bands.size());
  std::string svg =
      svg_open(900, 280, "spectrum", "Reflectance of every band: median, quartiles, 1st to 99th percentile");
  for (double tick = 0; tick < end; tick += tick_step(end, 4)) {
    svg += line("grid", 46, y(tick), 890, y(tick)) + label("tick last", 40, y(tick) + 4, tick_label(tick));
  }
  for (std::size_t band = 0; band < bands.size(); ++band) {
    const double x = 48 + step_px * (static_cast<double>(band) + 0.5);
    svg += spectrum_band(bands[band], x, std::min(0.5 * step_px, 44.0), y, quantification_value);
    svg += label("tick middle", x, 272, bands[band].name);
  }
  return svg + "</svg>";
}

std::string column_chart(const std::vector<std::uint64_t>& counts, const std::string& title) {
  if (counts.empty()) return "";
  const std::uint64_t tallest = std::max<std::uint64_t>(*std::max_element(counts.begin(), counts.end()), 1);
  const Axis y = {0, static_cast<double>(tallest), 104, 20};
  const double width = 46 * static_cast<double>(counts.size()) + 8;
  std::string svg = svg_open(width, 124, "columns", title);
  for (std::size_t index = 0; index < counts.size(); ++index) {
    const double middle = 4 + 46 * (static_cast<double>(index) + 0.5);
    const double top = y(static_cast<double>(counts[index]));
    svg += fmt::format(R"(<rect class="fill" x="{:.1f}" y="{:.1f}" width="34" height="{:.1f}" rx="2"/>)", middle - 17,
                       top, 104 - top);
    svg += label("value middle", middle, top - 5, compact(counts[index]));
    svg += label("tick middle", middle, 119, std::to_string(index));
  }
  return svg + line("axis", 2, 104, width - 2, 104) + "</svg>";
}

std::string area_chart(const std::vector<ReportArea>& areas) {
  const Window window = window_of(areas);
  if (window.east <= window.west) return "";
  constexpr double kWidth = 1000;
  const double shrink = std::cos((window.south + window.north) / 2 * std::numbers::pi / 180);  // of a degree east
  const double aspect = (window.north - window.south) / ((window.east - window.west) * shrink);
  const double height = std::clamp(kWidth * aspect, 160.0, 420.0);
  const double width = std::min(kWidth, height / aspect);
  const Axis x = {window.west, window.east, (kWidth - width) / 2, (kWidth + width) / 2};
  const Axis y = {window.south, window.north, height, 0};
  std::string svg = svg_open(kWidth, height, "areas", "Map of the ground areas in longitude and latitude");
  svg += graticule(window, x, y);
  for (const ReportArea& area : areas) svg += area_shape(area, x, y, areas.size() <= 40);
  return svg + "</svg>";
}

}  // namespace eoshard::ingest
