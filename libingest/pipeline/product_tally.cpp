#include "libingest/pipeline/product_tally.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/table/csv.hpp"

namespace eoshard::ingest {
namespace {

bool has_zero_pixel(const std::vector<PartReader>& parts, std::size_t candidate) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const PartReader& part) { return part.entries()[candidate].has_zero != 0; });
}

void check_parts_match(const std::vector<PartReader>& parts, std::span<const PatchPosition> candidates) {
  for (const PartReader& part : parts) {
    const auto& entries = part.entries();
    const bool matches =
        std::equal(entries.begin(), entries.end(), candidates.begin(), candidates.end(),
                   [](const PartEntry& entry, PatchPosition position) { return entry.position == position; });
    if (!matches)
      throw Error(ErrorKind::io, "a part holds other patches than the scan; remove 'unfinished' and run again");
  }
}

std::size_t cube_position(const BandInfo& band) {
  const auto found =
      std::find_if(kBands.begin(), kBands.end(), [&](const BandInfo& info) { return info.name == band.name; });
  return static_cast<std::size_t>(found - kBands.begin());
}

std::string fraction(int pixels, int of_pixels) {
  return fmt::format("{:.6f}", static_cast<double>(pixels) / of_pixels);
}

// Meteorological season of the northern hemisphere, as BigEarthNet's seasons are read.
std::string season_of(const std::string& acquired) {
  const int month = acquired.size() >= 7 ? std::atoi(acquired.substr(5, 2).c_str()) : 0;
  if (month < 1 || month > 12) return "";
  constexpr std::array<const char*, 4> kSeasons = {"winter", "spring", "summer", "autumn"};
  return kSeasons[static_cast<std::size_t>(month % 12 / 3)];
}

// The columns that samples.csv and rejected.csv share, from patch_id to country.
std::vector<std::string> patch_fields(const ProductScan& scan, int patch_index) {
  const Product& product = scan.product;
  const PatchPosition position = scan.grid.position_of(patch_index);
  const GroundSquare square = ground_square(product.geometry, position);
  const ScannedPatch& patch = scan.patches[static_cast<std::size_t>(patch_index)];
  return {patch_id(product.id_stem, position),
          product.name,
          product.mgrs_tile,
          product.acquired,
          product.baseline,
          std::to_string(position.column),
          std::to_string(position.row),
          std::to_string(square.epsg),
          std::to_string(square.ulx_m),
          std::to_string(square.uly_m),
          fraction(patch.scl.no_data, kSclPixelsPerPatch),
          fraction(patch.scl.cloud, kSclPixelsPerPatch),
          fraction(patch.scl.shadow, kSclPixelsPerPatch),
          fraction(patch.scl.snow, kSclPixelsPerPatch),
          fraction(patch.labels.labelled_pixels, kLabelPixelsPerPatch),
          season_of(product.acquired),
          ""};
}

const std::vector<std::string> kPatchColumns = {"patch_id",
                                                "product",
                                                "mgrs_tile",
                                                "acquired",
                                                "baseline",
                                                "column",
                                                "row",
                                                "epsg",
                                                "ulx",
                                                "uly",
                                                "no_data_fraction",
                                                "cloud_fraction",
                                                "shadow_fraction",
                                                "snow_fraction",
                                                "labelled_fraction",
                                                "season",
                                                "country"};

}  // namespace

std::string join_labels(std::uint64_t mask, const std::vector<std::string>& classes) {
  std::string joined;
  for (std::size_t index = 0; index < classes.size(); ++index) {
    if ((mask >> index & 1) != 0) joined += (joined.empty() ? "" : ";") + classes[index];
  }
  return joined;
}

ProductTally tally_product(const std::string& product, const WorkFolder& work, const TallyRules& rules) {
  ProductTally tally;
  tally.scan = with_context(work.scan_file(product).string(),
                            [&] { return parse_scan(read_text_file(work.scan_file(product))); });
  for (const ImageArray& array : rules.arrays) tally.parts.emplace_back(work.part_file(product, array.name));
  const std::vector<PatchPosition> candidates = tally.scan.candidates();
  check_parts_match(tally.parts, candidates);
  for (std::size_t candidate = 0; candidate < candidates.size(); ++candidate) {
    const int patch_index = tally.scan.grid.index_of(candidates[candidate]);
    if (!rules.keep_zero_pixels && has_zero_pixel(tally.parts, candidate)) {
      tally.scan.patches[static_cast<std::size_t>(patch_index)].rejected = RejectReason::zero_pixels;
      continue;
    }
    const int split = tally.scan.patches[static_cast<std::size_t>(patch_index)].split;
    tally.survivors[static_cast<std::size_t>(split)].push_back({patch_index, candidate});
  }
  return tally;
}

std::array<ExactMoments, kBands.size()> sum_moments(const ProductTally& tally, std::size_t split,
                                                    const std::vector<ImageArray>& arrays) {
  std::array<ExactMoments, kBands.size()> moments;
  for (std::size_t array = 0; array < arrays.size(); ++array) {
    if (!gives_statistics(arrays[array], arrays)) continue;
    const auto side = static_cast<std::uint64_t>(patch_side(arrays[array]));
    const std::vector<BandInfo> bands = bands_of(arrays[array]);
    for (std::size_t band = 0; band < bands.size(); ++band) {
      ExactMoments& total = moments[cube_position(bands[band])];
      for (const Survivor& survivor : tally.survivors[split]) {
        total.add(tally.parts[array].entries()[survivor.candidate].moments[band], side * side);
      }
    }
  }
  return moments;
}

std::string sample_rows(const ProductTally& tally, std::size_t split, std::int64_t first_index,
                        const std::vector<std::string>& classes) {
  std::string rows;
  for (const Survivor& survivor : tally.survivors[split]) {
    std::vector<std::string> fields = {std::string(kSplitNames[split]), std::to_string(first_index++)};
    for (std::string& field : patch_fields(tally.scan, survivor.patch_index)) fields.push_back(std::move(field));
    fields.push_back(
        join_labels(tally.scan.patches[static_cast<std::size_t>(survivor.patch_index)].labels.classes, classes));
    rows += csv_row(fields);
  }
  return rows;
}

std::string rejected_rows(const ProductTally& tally) {
  std::string rows;
  for (int index = 0; index < tally.scan.grid.count(); ++index) {
    const auto& rejected = tally.scan.patches[static_cast<std::size_t>(index)].rejected;
    if (!rejected) continue;
    std::vector<std::string> fields = patch_fields(tally.scan, index);
    fields.emplace_back(name_of(*rejected));
    rows += csv_row(fields);
  }
  return rows;
}

std::string sample_header() {
  std::vector<std::string> columns = {"split", "index"};
  columns.insert(columns.end(), kPatchColumns.begin(), kPatchColumns.end());
  columns.emplace_back("labels");
  return csv_row(columns);
}

std::string rejected_header() {
  std::vector<std::string> columns = kPatchColumns;
  columns.emplace_back("reason");
  return csv_row(columns);
}

}  // namespace eoshard::ingest
