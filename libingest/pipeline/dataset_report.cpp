#include "libingest/pipeline/dataset_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>

#include "libingest/core/error.hpp"
#include "libingest/gdal/geographic.hpp"
#include "libingest/gdal/image_encoder.hpp"
#include "libingest/pipeline/patch_records.hpp"
#include "libingest/pipeline/sample_images.hpp"
#include "libingest/report/band_histogram.hpp"
#include "libingest/report/html_text.hpp"
#include "libingest/report/quicklook.hpp"
#include "libingest/report/report_page.hpp"
#include "libingest/select/patch_filter.hpp"

namespace eoshard::ingest {
namespace {

const std::array<std::string, 3> kTrueColour = {"B04", "B03", "B02"};
constexpr std::size_t kBins = 64;

std::string picture_uri(ImageFormat format, const Picture& picture) {
  const auto bytes = encode_image(format, picture.width, picture.height, picture.channels, picture.pixels);
  return data_uri(format == ImageFormat::png ? "image/png" : "image/jpeg", bytes);
}

// Evenly chosen in the order of tile and time, so that many granules still show the whole area and season.
std::set<GranuleKey> choose_granules(const DatasetManifest& manifest) {
  std::set<GranuleKey> all;
  for (const Source& source : manifest.sources) all.insert({source.mgrs_tile, source.acquired, source.product});
  if (all.size() <= kReportMaps) return all;
  const std::vector<GranuleKey> sorted(all.begin(), all.end());
  std::set<GranuleKey> chosen;
  for (std::size_t map = 0; map < kReportMaps; ++map) chosen.insert(sorted[map * sorted.size() / kReportMaps]);
  return chosen;
}

PatchCensus take_census(const std::filesystem::path& dataset, const DatasetManifest& manifest) {
  PatchCensus census(manifest.classes.size(), choose_granules(manifest));
  for_each_patch(dataset, manifest.classes, [&](const PatchRecord& patch) { census.add(patch); });
  return census;
}

// In the order in which reasons are tried, then those that this program does not know.
std::vector<std::string> occurring_reasons(const ReportData& data) {
  std::vector<std::string> reasons;
  for (const std::string_view known : kRejectReasonNames) {
    if (data.census.in_category(known) > 0) reasons.emplace_back(known);
  }
  for (const std::string& name : data.census.categories()) {
    const bool is_listed = std::find(reasons.begin(), reasons.end(), name) != reasons.end() ||
                           std::find(data.splits.begin(), data.splits.end(), name) != data.splits.end();
    if (!is_listed) reasons.push_back(name);
  }
  return reasons;
}

// ---- places

void add_granule(ReportArea& area, GroundExtent& extent, const GranuleKey& key, const GranuleCounts& counts) {
  const GroundExtent own = counts.extent;
  extent = area.granules == 0 ? own
                              : GroundExtent{std::min(extent.west, own.west), std::min(extent.south, own.south),
                                             std::max(extent.east, own.east), std::max(extent.north, own.north)};
  area.mgrs_tile = key.mgrs_tile;
  area.epsg = counts.epsg;
  ++area.granules;
  area.kept += counts.kept;
  area.rejected += counts.rejected;
  if (area.first_acquired.empty()) area.first_acquired = key.acquired;
  area.last_acquired = key.acquired;
}

std::vector<ReportPoint> corners_of(const GeographicTransform& transform, const GroundExtent& extent) {
  std::vector<ReportPoint> corners;
  for (const auto& [x, y] : {std::pair{extent.west, extent.north}, std::pair{extent.east, extent.north},
                             std::pair{extent.east, extent.south}, std::pair{extent.west, extent.south}}) {
    const auto [longitude, latitude] = transform(static_cast<double>(x), static_cast<double>(y));
    corners.push_back({longitude, latitude});
  }
  return corners;
}

std::vector<ReportArea> gather_areas(const PatchCensus& census) {
  std::map<std::pair<std::string, int>, std::pair<ReportArea, GroundExtent>> by_tile;
  for (const auto& [key, counts] : census.granules()) {
    auto& [area, extent] = by_tile[{key.mgrs_tile, counts.epsg}];
    add_granule(area, extent, key, counts);
  }
  std::map<int, GeographicTransform> transforms;
  std::vector<ReportArea> areas;
  for (auto& [key, tile] : by_tile) {
    const int epsg = key.second;
    if (epsg != 0) tile.first.corners = corners_of(transforms.try_emplace(epsg, epsg).first->second, tile.second);
    areas.push_back(std::move(tile.first));
  }
  return areas;
}

std::vector<ReportMap> draw_maps(const PatchCensus& census) {
  std::vector<ReportMap> maps;
  for (const auto& [key, counts] : census.granules()) {
    if (counts.cells.empty() || counts.epsg == 0) continue;
    const Picture picture = draw_patch_map(counts.cells);
    maps.push_back({key, picture_uri(ImageFormat::png, picture), picture.width, picture.height});
  }
  return maps;
}

// ---- bands

std::vector<ReportBand> exact_statistics(const DatasetManifest& manifest) {
  std::vector<ReportBand> bands;
  for (const BandStatistics& of_first : manifest.splits.front().statistics) {
    ReportBand band{.name = of_first.band, .splits = {}, .bins = {}};
    for (const Split& split : manifest.splits) {
      for (const BandStatistics& statistics : split.statistics) {
        if (statistics.band != band.name) continue;
        band.splits.push_back({split.name, statistics.pixels, statistics.mean, statistics.standard_deviation,
                               statistics.minimum, statistics.maximum});
      }
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

// Bins of a whole number of values: others would be filled unevenly.
void describe_distribution(const BandHistogram& histogram, ReportBand& band) {
  band.low = histogram.quantile(0.01);
  band.lower = histogram.quantile(0.25);
  band.median = histogram.quantile(0.5);
  band.upper = histogram.quantile(0.75);
  band.high = histogram.quantile(0.99);
  const double wanted_end = std::max(1.0, 1.15 * band.high);
  const double width = std::ceil(wanted_end / kBins);
  const auto bins = static_cast<std::size_t>(std::ceil(wanted_end / width));
  band.bins_end = width * static_cast<double>(bins);
  band.bins = histogram.bins(bins, band.bins_end);
}

struct SampleName {
  std::string split;
  std::int64_t index = 0;
};

std::vector<SampleName> evenly_spaced(const DatasetManifest& manifest, std::int64_t wanted) {
  std::vector<SampleName> names;
  const std::int64_t all = manifest.samples();
  const std::int64_t count = std::min(all, wanted);
  auto split = manifest.splits.begin();
  std::int64_t first = 0;  // of the split
  for (std::int64_t number = 0; number < count; ++number) {
    // The middle of each of `count` equal pieces; written so that nothing overflows.
    const std::int64_t sample = number * (all / count) + (2 * number + 1) * (all % count) / (2 * count);
    while (sample - first >= split->samples) first += (split++)->samples;
    names.push_back({split->name, sample - first});
  }
  return names;
}

class PixelGatherer {
 public:
  PixelGatherer(const std::filesystem::path& dataset, const DatasetManifest& manifest)
      : manifest_(manifest), images_(dataset, manifest), shown_(choose_shown_bands()) {}

  void gather(ReportData& data) {
    if (shown_.empty()) return;
    count_values(data);
    choose_stretch(data.sampling);
    const std::size_t wanted = data.classes.empty() ? kPicturesWithoutClasses : kPicturesAClass;
    for (const auto& list : data.census.choose_pictures(wanted)) {
      data.pictures.emplace_back();
      for (const PictureCandidate& candidate : list) data.pictures.back().push_back(take_picture(candidate));
    }
  }

 private:
  // True colour where one array has it, else the first band; none without reflectances.
  std::vector<BandPlace> choose_shown_bands() const {
    std::vector<BandPlace> places;
    for (const std::string& band : kTrueColour) {
      if (const auto place = find_band(manifest_, band)) places.push_back(*place);
    }
    const bool is_true_colour =
        places.size() == kTrueColour.size() && places[0].array == places[1].array && places[1].array == places[2].array;
    if (is_true_colour) return places;
    for (std::size_t array = 0; array < manifest_.arrays.size(); ++array) {
      if (manifest_.arrays[array].holds_reflectance()) return {{array, 0}};
    }
    return {};
  }

  std::span<const std::uint16_t> plane_of(const std::vector<std::uint16_t>& values, BandPlace place) const {
    const std::size_t pixels = values.size() / manifest_.arrays[place.array].bands.size();
    return std::span(values).subspan(place.plane * pixels, pixels);
  }

  void count_values(ReportData& data) {
    std::vector<std::optional<BandPlace>> places;
    for (const ReportBand& band : data.bands) places.push_back(find_band(manifest_, band.name));
    std::vector<BandHistogram> histograms(data.bands.size());
    for (const SampleName& sample : evenly_spaced(manifest_, kReportSamples)) {
      count_sample(sample, places, histograms);
      ++data.sampling.samples;
    }
    for (std::size_t band = 0; band < data.bands.size() && data.sampling.samples > 0; ++band) {
      describe_distribution(histograms[band], data.bands[band]);
    }
  }

  // Every array is read once: for the bands that no array before it holds, and for those that are shown.
  void count_sample(const SampleName& sample, const std::vector<std::optional<BandPlace>>& places,
                    std::vector<BandHistogram>& histograms) {
    for (std::size_t array = 0; array < manifest_.arrays.size(); ++array) {
      const auto is_in = [&](const std::optional<BandPlace>& place) { return place && place->array == array; };
      const bool is_shown = shown_.front().array == array;
      if (!is_shown && std::none_of(places.begin(), places.end(), is_in)) continue;
      const std::vector<std::uint16_t>& values = images_.read(sample.split, sample.index, array);
      for (std::size_t band = 0; band < places.size(); ++band) {
        if (is_in(places[band])) histograms[band].add(plane_of(values, *places[band]));
      }
      if (!is_shown) continue;
      for (const BandPlace place : shown_) shown_values_.add(plane_of(values, place));
    }
  }

  void choose_stretch(ReportSampling& sampling) {
    stretch_.low = shown_values_.quantile(0.01);
    stretch_.high = shown_values_.quantile(0.99);
    for (const BandPlace place : shown_) {
      sampling.rgb_bands.push_back(manifest_.arrays[place.array].bands[place.plane]);
    }
    sampling.low = stretch_.low;
    sampling.high = stretch_.high;
    sampling.gamma = stretch_.gamma;
  }

  ReportPicture take_picture(const PictureCandidate& candidate) {
    const std::size_t array = shown_.front().array;
    const auto& shape = manifest_.arrays[array].sample_shape;
    const std::vector<std::uint16_t>& values = images_.read(candidate.split, candidate.index, array);
    std::vector<std::span<const std::uint16_t>> planes;
    for (const BandPlace place : shown_) planes.push_back(plane_of(values, place));
    const Picture picture =
        stretch_picture(planes, static_cast<int>(shape.back()), static_cast<int>(shape[shape.size() - 2]), stretch_);
    return {picture_uri(ImageFormat::jpeg, picture), picture.width, candidate.patch_id, candidate.split,
            candidate.classes};
  }

  const DatasetManifest& manifest_;
  SampleImages images_;
  std::vector<BandPlace> shown_;
  BandHistogram shown_values_;
  Stretch stretch_;
};

// ---- notes

void note_differences(const DatasetManifest& manifest, ReportData& data) {
  for (const Split& split : manifest.splits) {
    const std::uint64_t rows = data.census.in_category(split.name);
    if (split.samples == 0 && rows == 0) data.notes.push_back(fmt::format("The split {} is empty.", split.name));
    if (static_cast<std::uint64_t>(split.samples) == rows) continue;
    data.notes.push_back(
        fmt::format("samples.csv has {} rows of {}, but dataset.json says {}; run eoshard-info --verify.", rows,
                    split.name, split.samples));
  }
}

void describe_dataset(const std::filesystem::path& dataset, const DatasetManifest& manifest, ReportData& data) {
  const std::filesystem::path folder = std::filesystem::absolute(dataset).lexically_normal();
  data.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  data.program = manifest.program;
  data.version = manifest.version;
  data.command_line = manifest.command_line;
  data.task = manifest.task;
  data.nomenclature = manifest.nomenclature;
  data.split_rule = manifest.split_rule;
  data.seed = manifest.seed;
  data.quantification_value = manifest.quantification_value;
  data.classes = manifest.classes;
  for (const Split& split : manifest.splits) data.splits.push_back(split.name);
  for (const ImageArray& array : manifest.arrays) {
    data.arrays.push_back({array.name, array.dtype, array.resolution_m, array.bands, array.sample_shape});
  }
}

}  // namespace

std::string dataset_report(const std::filesystem::path& dataset, const DatasetManifest& manifest) {
  ReportData data;
  describe_dataset(dataset, manifest, data);
  data.census = take_census(dataset, manifest);
  data.reasons = occurring_reasons(data);
  data.areas = gather_areas(data.census);
  data.maps = draw_maps(data.census);
  data.bands = exact_statistics(manifest);
  note_differences(manifest, data);
  try {
    PixelGatherer(dataset, manifest).gather(data);
  } catch (const Error& error) {
    data.notes.push_back(fmt::format("Pictures and histograms are missing: {}", error.what()));
    data.pictures.clear();
    data.sampling = {};
  }
  return report_page(data);
}

}  // namespace eoshard::ingest
