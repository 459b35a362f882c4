#include "libingest/pipeline/archive_kinds.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/archive/bigearthnet_archive.hpp"
#include "libingest/archive/image_names.hpp"
#include "libingest/archive/image_tree.hpp"
#include "libingest/archive/sat_archive.hpp"
#include "libingest/core/error.hpp"
#include "libingest/pipeline/work_folder.hpp"

namespace eoshard::ingest {
namespace {

constexpr const char* kImages = "images";

BigEarthNetOptions bigearthnet_options(BigEarthNetVersion version, const PackOptions& options) {
  BigEarthNetOptions archive{version, options.source, all_bands(), options.reference_maps,
                             WorkFolder(options.out).scratch_file("reference_maps")};
  for (const std::string& band : options.bands) {
    if (std::find(archive.bands.begin(), archive.bands.end(), band) != archive.bands.end()) continue;
    throw Error(ErrorKind::usage,
                fmt::format("--bands: the archive has no band '{}'; it has {}", band, fmt::join(archive.bands, ", ")));
  }
  if (!options.bands.empty()) archive.bands = options.bands;
  return archive;
}

Archive open_v1(const PackOptions& options) {
  return open_bigearthnet(bigearthnet_options(BigEarthNetVersion::v1, options));
}
Archive open_v2(const PackOptions& options) {
  return open_bigearthnet(bigearthnet_options(BigEarthNetVersion::v2, options));
}

// Lists name patches as the archive does.
template <BigEarthNetVersion version>
std::string patch_of_name(std::string_view name) {
  return is_bigearthnet_patch(version, name) ? std::string(name) : "";
}

Archive open_pictures(const PackOptions& options) {
  return open_images({options.source, options.resize_px, options.band_names});
}

std::string same_name(std::string_view name) { return std::string(name); }

}  // namespace

const std::vector<ArchiveKind>& archive_kinds() {
  static const std::vector<ArchiveKind> kinds = {
      {"bigearthnet-v1", "BigEarthNet-S2 v1.0: folder, or tar(.gz, .zst) as downloaded", SplitHabit::lists, open_v1,
       patch_of_name<BigEarthNetVersion::v1>},
      {"bigearthnet-v2", "BigEarthNet-S2 v2 (reBEN): folder or tar(.zst), with metadata.parquet", SplitHabit::table,
       open_v2, patch_of_name<BigEarthNetVersion::v2>},
      {"sat4", "SAT-4: sat-4-full.mat, or a folder with it or with Kaggle's CSV pairs", SplitHabit::archive,
       [](const PackOptions& options) { return open_sat(sat4(), options.source); }, same_name},
      {"sat6", "SAT-6: sat-6-full.mat, or a folder with it or with Kaggle's CSV pairs", SplitHabit::archive,
       [](const PackOptions& options) { return open_sat(sat6(), options.source); }, same_name},
      {kImages, "Pictures in a folder a class (EuroSAT, UC Merced, NWPU-RESISC45): folder, tar, zip or rar",
       SplitHabit::random, open_pictures, image_key},
  };
  return kinds;
}

void check_kind_options(const PackOptions& options, const ArchiveKind& kind) {
  const auto require = [&](bool is_fine, const char* option, const char* kinds) {
    if (!is_fine)
      throw Error(ErrorKind::usage, fmt::format("{} goes with {} alone, not with {}", option, kinds, kind.name));
  };
  const bool has_table = kind.split_habit == SplitHabit::table, has_pictures = kind.name == kImages;
  require(options.metadata.empty() || has_table, "--metadata", "bigearthnet-v2");
  require(options.reference_maps.empty() || has_table, "--reference-maps", "bigearthnet-v2");
  require(options.resize_px == 0 || has_pictures, "--resize", kImages);
  require(options.band_names.empty() || has_pictures, "--band-names", kImages);
}

const ArchiveKind& find_archive_kind(std::string_view name) {
  std::string names;
  for (const ArchiveKind& kind : archive_kinds()) {
    if (kind.name == name) return kind;
    names += (names.empty() ? "" : ", ") + kind.name;
  }
  throw Error(ErrorKind::usage, fmt::format("'{}' is no kind of archive; name one of {}", name, names));
}

}  // namespace eoshard::ingest
