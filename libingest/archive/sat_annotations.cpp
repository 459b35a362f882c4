#include "libingest/archive/sat_annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ranges>

#include "libingest/archive/line_reader.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Path = std::filesystem::path;

std::optional<Path> find_annotations(const SatDataset& dataset, const Path& folder) {
  const std::string other = short_name(dataset) == "sat6" ? "sat4" : "sat6";
  std::error_code ignored;  // who reads the samples says what is wrong with the folder
  std::vector<Path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".csv") && name.find("annotations") != std::string::npos &&
        name.find(other) == std::string::npos)
      found.push_back(entry.path());
  }
  if (found.empty()) return {};
  return *std::min_element(found.begin(), found.end());
}

// "barren_land" → "barren land", as the others are written.
std::string class_name(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  for (const auto field : std::views::split(line, ',')) {
    std::string text(field.begin(), field.end());
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    text.erase(text.find_last_not_of(' ') + 1);
    fields.push_back(std::move(text));
  }
  return fields;
}

// Enters the class of one row into `classes`.
void take_row(std::string_view line, std::vector<std::string>& classes, const std::string& place) {
  const std::vector<std::string> fields = fields_of(line);
  const auto is_bit = [](const std::string& field) { return field == "0" || field == "1"; };
  const bool is_row = fields.size() == classes.size() + 1 && !fields.front().empty() &&
                      std::all_of(fields.begin() + 1, fields.end(), is_bit) &&
                      std::count(fields.begin() + 1, fields.end(), "1") == 1;
  if (!is_row) {
    throw Error(ErrorKind::input, fmt::format("{}: '{}' is not the name of a class and one 1 among {} values", place,
                                              line, classes.size()));
  }
  const auto column = std::find(fields.begin() + 1, fields.end(), "1") - fields.begin() - 1;
  std::string& name = classes[static_cast<std::size_t>(column)];
  if (!name.empty()) throw Error(ErrorKind::input, fmt::format("{}: another class has that column", place));
  name = class_name(fields.front());
}

}  // namespace

std::vector<std::string> sat_class_order(const SatDataset& dataset, const Path& folder) {
  const std::optional<Path> file = find_annotations(dataset, folder);
  if (!file) return dataset.classes;
  std::vector<std::string> classes(dataset.classes.size());
  LineReader lines(*file);
  for (std::string_view line; lines.next(line);) take_row(line, classes, lines.place());
  if (std::find(classes.begin(), classes.end(), "") == classes.end()) return classes;
  throw Error(ErrorKind::input, fmt::format("{} names fewer than {} classes", file->string(), classes.size()));
}

}  // namespace eoshard::ingest
