#include "libingest/archive/image_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "libingest/archive/picture.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// The last part of a path and what stands before it.
std::pair<std::string_view, std::string_view> cut_last(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_hidden(std::string_view part) { return part.starts_with('.') || part == "__MACOSX"; }

// Where the class folders lie, without the folder of a split.
std::string_view root_of(std::string_view name) {
  const std::string_view above_class = cut_last(cut_last(name).first).first;
  return split_of_image(name) ? cut_last(above_class).first : above_class;
}

[[noreturn]] void refuse(const std::string& source, std::string_view what) {
  throw Error(
      ErrorKind::input,
      fmt::format("{}: {}; looked for one folder a class with .jpg, .png or .tif images in it, optionally inside "
                  "train, val and test folders",
                  source, what));
}

void check_place(std::string_view name, std::string_view first, const std::string& source) {
  if (class_of_image(name).empty()) refuse(source, fmt::format("{} lies in no folder", name));
  if (root_of(name) == root_of(first) && split_of_image(name).has_value() == split_of_image(first).has_value()) return;
  refuse(source, fmt::format("{} and {} lie in class folders of different places", first, name));
}

void check_keys(std::span<const ArchiveEntry> entries, const std::string& source) {
  const auto same = std::adjacent_find(entries.begin(), entries.end(),
                                       [](const auto& one, const auto& other) { return one.key == other.key; });
  if (same == entries.end()) return;
  throw Error(ErrorKind::input, fmt::format("{}: {} and {} would share the id {}; rename one of them", source,
                                            same->locator, std::next(same)->locator, same->key));
}

}  // namespace

std::string image_key(std::string_view name) {
  const auto [folder, file] = cut_last(name);
  const std::string stem(has_picture_name(file) ? file.substr(0, file.rfind('.')) : file);
  const std::string image_class(cut_last(folder).second);
  return stem.starts_with(image_class) ? stem : image_class + "_" + stem;
}

bool is_image_name(std::string_view name) {
  if (!has_picture_name(name)) return false;
  for (std::string_view rest = name; !rest.empty();) {
    const auto [before, part] = cut_last(rest);
    if (is_hidden(part)) return false;
    rest = before;
  }
  return true;
}

std::string class_of_image(std::string_view name) { return std::string(cut_last(cut_last(name).first).second); }

std::optional<int> split_of_image(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 5> kFolders = {
      {{"train", 0}, {"val", 1}, {"valid", 1}, {"validation", 1}, {"test", 2}}};
  const std::string_view folder = cut_last(cut_last(cut_last(name).first).first).second;
  const auto* const found =
      std::find_if(kFolders.begin(), kFolders.end(), [folder](const auto& known) { return known.first == folder; });
  return found == kFolders.end() ? std::nullopt : std::optional(found->second);
}

ImageNames::ImageNames(std::span<const std::string> names, const std::string& source) {
  std::set<std::string> classes;
  for (const std::string& name : names) {
    if (!is_image_name(name)) continue;
    check_place(name, entries_.empty() ? name : entries_.front().locator, source);
    classes.insert(class_of_image(name));
    entries_.push_back({image_key(name), name, split_of_image(name).value_or(kUnlisted), ""});
  }
  if (entries_.empty()) refuse(source, fmt::format("found {} files, but no image", names.size()));
  classes_.assign(classes.begin(), classes.end());
  std::sort(entries_.begin(), entries_.end(), [](const auto& one, const auto& other) {
    return std::tie(one.key, one.locator) < std::tie(other.key, other.locator);
  });
  check_keys(entries_, source);
}

}  // namespace eoshard::ingest
