#include "tools/eoshard-train/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/report/html_text.hpp"
#include "libingest/report/report_charts.hpp"
#include "libingest/report/report_style.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;
using ingest::escape_html;

constexpr const char* kChartStyle =
    ":root{--line-1:#1f6fae;--line-2:#c9701a;--line-3:#2f8a4d}"
    "@media(prefers-color-scheme:dark){:root{--line-1:#5fb0ee;--line-2:#f0a050;--line-3:#62c281}}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px}"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round}.key{display:inline-block;width:1.1em;height:3px;"
    "vertical-align:middle;margin-right:.4em}.chart svg{width:100%;height:auto}"
    ".matrix td{text-align:center;border:1px solid var(--card);padding:4px 6px;min-width:2.4rem}";
constexpr std::array<const char*, 3> kColours = {"var(--line-1)", "var(--line-2)", "var(--line-3)"};

struct Point {
  double x = 0, y = 0;
};
struct Curve {
  std::string name;
  std::vector<Point> points;
};

// Values of one figure of one split over epochs.
Curve curve_of(const std::vector<Json>& lines, const std::string& split, const std::string& figure,
               const std::string& name) {
  Curve curve{name, {}};
  for (const Json& line : lines) {
    if (line.value("split", "") != split || line.contains("weights") || !line.contains(figure)) continue;
    if (line.at(figure).is_number()) curve.points.push_back({line.at("epoch"), line.at(figure)});
  }
  return curve;
}

struct Frame {
  double left = 1, right = 1, bottom = 0, top = 0;  // bottom and top are multiples of step
  double step = 1;
  static constexpr double kWidth = 460, kHeight = 220, kMargin = 52, kFoot = 26, kHead = 10;

  double x(double value) const { return kMargin + (value - left) / (right - left) * (kWidth - kMargin - 12); }
  double y(double value) const {
    return kHeight - kFoot - (value - bottom) / (top - bottom) * (kHeight - kFoot - kHead);
  }
};

Frame frame_around(const std::vector<Curve>& curves) {
  Frame frame;
  bool is_first = true;
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      frame.right = std::max(frame.right, point.x);
      frame.bottom = is_first ? point.y : std::min(frame.bottom, point.y);
      frame.top = is_first ? point.y : std::max(frame.top, point.y);
      is_first = false;
    }
  }
  if (frame.right == frame.left) frame.left = frame.right - 1;
  if (frame.top == frame.bottom) {
    const double room = frame.top == 0 ? 1 : std::abs(frame.top) * 0.1;
    frame.top += room;
    frame.bottom -= room;
  }
  frame.step = ingest::tick_step(frame.top - frame.bottom, 3);
  frame.bottom = std::floor(frame.bottom / frame.step) * frame.step;
  frame.top = std::ceil(frame.top / frame.step) * frame.step;
  return frame;
}

std::string axes(const Frame& frame) {
  std::string svg;
  const auto first = std::llround(frame.bottom / frame.step), last = std::llround(frame.top / frame.step);
  for (auto tick = first; tick <= last; ++tick) {
    const double value = static_cast<double>(tick) * frame.step, y = frame.y(value);
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text class=\"tick last\" x=\"{}\" "
        "y=\"{:.1f}\">{}</text>",
        Frame::kMargin, Frame::kWidth - 12, y, y, Frame::kMargin - 6, y + 4, ingest::tick_label(value));
  }
  for (const double epoch : {frame.left, frame.right}) {
    svg += fmt::format("<text class=\"tick middle\" x=\"{:.1f}\" y=\"{}\">{:g}</text>", frame.x(epoch),
                       Frame::kHeight - 8, epoch);
  }
  return svg + fmt::format("<text class=\"tick middle\" x=\"{:.1f}\" y=\"{}\">epoch</text>",
                           frame.x((frame.left + frame.right) / 2), Frame::kHeight - 8);
}

std::string drawn(const Curve& curve, const Frame& frame, const char* colour) {
  std::string path, dots;
  for (const Point& point : curve.points) {
    path += fmt::format("{:.1f},{:.1f} ", frame.x(point.x), frame.y(point.y));
    dots += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" style=\"fill:{}\"><title>{}, epoch {:g}: {:.5g}</title>"
        "</circle>",
        frame.x(point.x), frame.y(point.y), colour, escape_html(curve.name), point.x, point.y);
  }
  return fmt::format("<polyline class=\"line\" style=\"stroke:{}\" points=\"{}\"/>", colour, path) + dots;
}

std::string chart(const std::string& title, std::vector<Curve> curves) {
  std::erase_if(curves, [](const Curve& curve) { return curve.points.empty(); });
  if (curves.empty()) return "";
  const Frame frame = frame_around(curves);
  std::string svg = axes(frame), keys;
  for (std::size_t index = 0; index < curves.size(); ++index) {
    const char* colour = kColours[index % kColours.size()];
    svg += drawn(curves[index], frame, colour);
    keys += fmt::format("<li><span class=\"key\" style=\"background:{}\"></span>{}</li>", colour,
                        escape_html(curves[index].name));
  }
  return fmt::format(
      "<figure class=\"card chart\"><h3>{}</h3><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>"
      "<ul class=\"legend\">{}</ul></figure>",
      escape_html(title), Frame::kWidth, Frame::kHeight, escape_html(title), svg, keys);
}

std::string curves_section(const std::vector<Json>& lines) {
  const auto curve = [&](const char* split, const char* figure, const char* name) {
    return curve_of(lines, split, figure, name);
  };
  return "<section id=\"curves\"><h2>Curves</h2><div class=\"charts\">" +
         chart("Loss", {curve("train", "loss", "training"), curve("validation", "loss", "validation")}) +
         chart("F1 on validation",
               {curve("validation", "f1_micro", "micro"), curve("validation", "f1_macro", "macro")}) +
         chart("Learning rate at the end of the epoch", {curve("train", "learning_rate", "rate")}) +
         chart("Images a second", {curve("train", "images_per_second", "training"),
                                   curve("validation", "images_per_second", "validation")}) +
         chart("Gradient noise scale", {curve("train", "gradient_noise_scale", "samples")}) + "</div></section>\n";
}

std::string figure_box(const std::string& value, const std::string& label) {
  return fmt::format("<div class=\"figure\"><b>{}</b><span>{}</span></div>", escape_html(value), escape_html(label));
}

// The scores are those of `scores` whose names have this ending; no cell where there is none.
std::string score_row(const std::string& name, const Json& scores, const std::string& ending, std::uint64_t support) {
  std::string row = fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(name));
  for (const char* figure : {"precision", "recall", "f1", "average_precision"}) {
    const auto found = scores.find(figure + ending);
    row += fmt::format("<td class=\"n\">{}</td>",
                       found == scores.end() ? "" : fmt::format("{:.3f}", found->get<double>()));
  }
  return row + fmt::format("<td class=\"n\">{}</td></tr>", ingest::with_separators(support));
}

std::string score_rows(const Json& result) {
  std::string rows;
  std::uint64_t support = 0;
  for (const Json& one : result.at("per_class")) {
    const auto own = one.at("support").get<std::uint64_t>();
    rows += score_row(one.at("name").get<std::string>(), one, "", own);
    support += own;
  }
  for (const std::string average : {"micro", "macro", "weighted", "samples"}) {
    if (result.contains("f1_" + average)) rows += score_row(average + " average", result, "_" + average, support);
  }
  return rows;
}

std::string scores_section(const Json& result) {
  const auto number = [&](const char* name) { return fmt::format("{:.3f}", result.at(name).get<double>()); };
  std::string boxes = figure_box(number("f1_micro"), "F1 micro") + figure_box(number("f1_macro"), "F1 macro") +
                      figure_box(number("average_precision_macro"), "average precision, macro") +
                      figure_box(number("accuracy"), "samples with exactly the right classes") +
                      figure_box(number("loss"), "loss") +
                      figure_box(std::to_string(result.at("epoch").get<int>()), "epoch of these weights");
  return fmt::format(
      "<section id=\"scores\"><h2>Scores on {}</h2><div class=\"figures\">{}</div><div class=\"card scroll\"><table>"
      "<thead><tr><th>class</th><th class=\"n\">precision</th><th class=\"n\">recall</th><th class=\"n\">F1</th>"
      "<th class=\"n\">average precision</th><th class=\"n\">support</th></tr></thead><tbody>{}</tbody></table></div>"
      "</section>\n",
      escape_html(result.at("split").get<std::string>()), boxes, score_rows(result));
}

// Each cell's colour is its share of the samples with the row's true class.
std::string matrix_section(const Json& result) {
  const Json& matrix = result.at("true_and_predicted");
  const Json& classes = result.at("per_class");
  std::string head, rows;
  for (std::size_t index = 0; index < classes.size(); ++index) {
    const std::string name = escape_html(classes[index].at("name").get<std::string>());
    head += fmt::format("<th class=\"n\" title=\"{}\">{}</th>", name, index + 1);
    rows += fmt::format("<tr><th scope=\"row\">{} {}</th>", index + 1, name);
    const auto support = std::max(1.0, classes[index].at("support").get<double>());
    for (const Json& cell : matrix[index]) {
      rows += fmt::format("<td class=\"heat\" style=\"--share:{:.3f}\">{}</td>",
                          std::min(1.0, cell.get<double>() / support), cell.get<std::uint64_t>());
    }
    rows += "</tr>";
  }
  return fmt::format(
      "<section id=\"together\"><h2>True and predicted</h2><p class=\"lead\">samples with the class of the row that "
      "were "
      "given the class of the column</p><div class=\"card scroll\"><table class=\"matrix\"><thead><tr><th></th>{}</tr>"
      "</thead><tbody>{}</tbody></table></div></section>\n",
      head, rows);
}

std::string settings_section(const Json& config) {
  std::string rows;
  for (const auto& [name, value] : config.at("options").items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    rows += fmt::format("<dt>{}</dt><dd><code>{}</code></dd>", escape_html(name), escape_html(text));
  }
  return fmt::format("<section id=\"settings\"><h2>Settings</h2><div class=\"card\"><dl>{}</dl></div></section>\n",
                     rows);
}

std::vector<Json> parse_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

std::string run_report(const std::string& name, const std::string& config_text, const std::string& metrics,
                       const std::string& result_text) {
  try {
    const Json config = Json::parse(config_text), result = Json::parse(result_text);
    const std::string lead = fmt::format("Network {} on {}, {}", config.at("options").at("model").get<std::string>(),
                                         config.at("options").at("data").get<std::string>(),
                                         ingest::counted(result.at("steps").get<std::uint64_t>(), "step"));
    return fmt::format(
               "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" "
               "content=\"width=device-width, initial-scale=1\"/><meta name=\"color-scheme\" content=\"light dark\"/>"
               "<link rel=\"icon\" href=\"data:,\"/><title>{}: a training "
               "run</title>\n<style>{}{}</style></head><body>\n"
               "<header><p class=\"kicker\">eoshard training run</p><h1>{}</h1><p "
               "class=\"lead\">{}</p></header>\n<main>",
               escape_html(name), ingest::kReportStyle, kChartStyle, escape_html(name), escape_html(lead)) +
           scores_section(result) + curves_section(parse_lines(metrics)) + matrix_section(result) +
           settings_section(config) + "</main>\n<footer>Made by eoshard-train.</footer>\n</body></html>\n";
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("no run's files: {}", error.what()));
  }
}

}  // namespace eoshard::train
