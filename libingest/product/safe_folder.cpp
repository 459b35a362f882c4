#include "libingest/product/safe_folder.hpp"

#include <cpl_string.h>
#include <cpl_vsi.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

constexpr std::string_view kSafeSuffix = ".SAFE";

[[noreturn]] void refuse(std::string message) { throw Error(ErrorKind::input, std::move(message)); }

Names to_names(const CPLStringList& list) {
  Names names;
  for (int index = 0; index < list.size(); ++index) {
    const std::string_view name = list[index];
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

// Names in a folder; nothing when GDAL cannot read it.
std::optional<Names> entries_of(const std::string& folder) {
  const GdalErrors errors;
  const CPLStringList list(VSIReadDir(folder.c_str()));
  if (list.List() == nullptr) return std::nullopt;
  return to_names(list);
}

// "a, b, c, …"
std::string first_few(const Names& names) {
  constexpr std::size_t kShown = 4;
  const Names shown(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
  return fmt::format("{}{}", fmt::join(shown, ", "), names.size() > kShown ? ", …" : "");
}

// Metadata of a user product: "MTD_MSIL2A.xml", before December 2016 "S2A_USER_MTD_SAFL2A_PDMC_….xml" (Sentinel-2
// Products Specification Document, issue 14 and before).
bool is_product_xml(std::string_view name, std::string_view level) {
  if (name == fmt::format("MTD_MSI{}.xml", level)) return true;
  return name.size() > 3 && name.starts_with("S2") && name.ends_with(".xml") &&
         name.find(fmt::format("_MTD_SAF{}", level)) != std::string_view::npos;
}

std::optional<std::string> find_product_xml(const Names& names, std::string_view level) {
  const auto found = std::ranges::find_if(names, [&](const auto& name) { return is_product_xml(name, level); });
  return found == names.end() ? std::nullopt : std::optional(*found);
}

Names with_suffixes(const Names& names, std::initializer_list<std::string_view> suffixes) {
  Names chosen;
  for (const std::string& name : names) {
    if (std::ranges::any_of(suffixes, [&](auto suffix) { return name.ends_with(suffix); })) chosen.push_back(name);
  }
  return chosen;
}

[[noreturn]] void refuse_other_folder(const Names& names) {
  if (find_product_xml(names, "L1C")) refuse("this is a Level-1C product; Level-2A (surface reflectance) is needed");
  const Names products = with_suffixes(names, {kSafeSuffix, ".zip"});
  if (!products.empty()) {
    refuse(fmt::format("this folder holds products ({}) and is none; name them, e.g. with a pattern",
                       first_few(products)));
  }
  const Names rasters = with_suffixes(names, {".tif", ".tiff", ".TIF"});
  if (!rasters.empty()) {
    refuse(
        fmt::format("this is a folder of GeoTIFFs ({}), as cloud archives of COGs have it; offsets and geometry are "
                    "read from a product's own metadata, so name the .SAFE folder or zip of the Level-2A product",
                    first_few(rasters)));
  }
  refuse("the folder has no MTD_MSIL2A.xml; name the .SAFE folder of a Level-2A product");
}

bool begins_like_a_zip(const std::string& path) {
  const FileDescriptor file = open_for_reading(path);
  std::array<char, 4> magic{};
  if (file_size(file, path) < magic.size()) return false;
  read_exactly(file, 0, std::as_writable_bytes(std::span(magic)), path);
  return std::memcmp(magic.data(), "PK\3\4", magic.size()) == 0;
}

// The braces keep GDAL from guessing where the archive's name ends.
std::string root_in_zip(const std::string& source) {
  if (!begins_like_a_zip(source)) refuse("this is no folder and no zip; name the .SAFE folder or zip of a product");
  const std::string archive = fmt::format("/vsizip/{{{}}}", source);
  const auto names = entries_of(archive);
  if (!names) refuse("the zip archive cannot be read; it is damaged or truncated: download it again");
  const Names products = with_suffixes(*names, {kSafeSuffix});
  if (products.empty()) {
    refuse(
        fmt::format("the zip archive holds no NAME.SAFE folder at its top (but {}); name a product's zip as "
                    "downloaded",
                    first_few(*names)));
  }
  if (products.size() > 1) {
    refuse(fmt::format("the zip archive holds {} products ({}); one zip a product is read", products.size(),
                       first_few(products)));
  }
  return archive + "/" + products.front();
}

std::string find_root(const std::string& source) {
  if (!fs::exists(source)) refuse("the product does not exist; name a .SAFE folder or a zip archive");
  return fs::is_directory(source) ? source : root_in_zip(source);
}

}  // namespace

SafeFolder::SafeFolder(const std::string& source) : root_(find_root(source)) {
  const auto names = entries_of(root_);
  if (!names) refuse(fmt::format("the folder {} cannot be read", root_));
  const auto xml = find_product_xml(*names, "L2A");
  if (!xml) refuse_other_folder(*names);
  product_xml_ = root_ + "/" + *xml;
}

std::string SafeFolder::name() const {
  std::string name = root_.substr(root_.rfind('/') + 1);
  if (name.ends_with(kSafeSuffix)) name.resize(name.size() - kSafeSuffix.size());
  return name;
}

std::vector<std::string> SafeFolder::granule_files() const {
  const GdalErrors errors;
  const std::string folder = root_ + "/GRANULE";
  const CPLStringList list(VSIReadDirRecursive(folder.c_str()));
  Names files;
  for (const std::string& name : to_names(list)) {
    if (!name.ends_with('/')) files.push_back(folder + "/" + name);
  }
  return files;
}

}  // namespace eoshard::ingest
