// What a report shows, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libingest/report/patch_census.hpp"

namespace eoshard::ingest {

struct ReportArray {
  std::string name;
  std::string dtype;
  int resolution_m = 0;
  std::vector<std::string> bands;
  std::vector<std::int64_t> sample_shape;
};

/// Moments over all pixels of one split, in stored units.
struct ReportMoments {
  std::string split;
  std::uint64_t pixels = 0;
  double mean = 0;
  double standard_deviation = 0;
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
};

struct ReportBand {
  std::string name;
  std::vector<ReportMoments> splits;
  /// Of the sampled pixels; empty when none could be read.
  std::vector<std::uint64_t> bins;
  double bins_end = 0;                                    ///< stored units; bins begin at 0
  std::uint32_t low = 0, lower = 0, upper = 0, high = 0;  ///< 1st, 25th, 75th and 99th percentile
  std::uint32_t median = 0;
};

struct ReportMap {
  GranuleKey granule;
  std::string picture;  ///< data: URI
  int columns = 0;
  int rows = 0;
};

struct ReportPoint {
  double longitude = 0;
  double latitude = 0;
};

/// One ground area: all granules of a tile.
struct ReportArea {
  std::string mgrs_tile;
  int epsg = 0;
  std::uint64_t granules = 0;
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  std::string first_acquired;
  std::string last_acquired;
  std::vector<ReportPoint> corners;  ///< of what was seen of it; empty where there is no place
};

struct ReportPicture {
  std::string picture;  ///< data: URI
  int side_px = 0;      ///< of the patch on its grid
  std::string patch_id;
  std::string split;
  std::vector<std::size_t> classes;
};

/// How pictures and histograms came about, for the page to say.
struct ReportSampling {
  std::uint64_t samples = 0;           ///< read for histograms
  std::vector<std::string> rgb_bands;  ///< three, or one shown in grey; empty when there are no pictures
  double low = 0, high = 0, gamma = 1;
};

struct ReportData {
  std::string name;  ///< of the dataset
  std::string program;
  std::string version;
  std::string command_line;
  std::string task;
  std::string nomenclature;
  std::string split_rule;
  std::uint64_t seed = 0;
  double quantification_value = 10000;
  std::vector<std::string> splits;   ///< in the dataset's order
  std::vector<std::string> reasons;  ///< in the order in which they are tried; those that occur
  std::vector<std::string> classes;
  std::vector<ReportArray> arrays;
  std::vector<ReportBand> bands;
  PatchCensus census{0, {}};
  std::vector<ReportArea> areas;  ///< by tile
  std::vector<ReportMap> maps;
  std::vector<std::vector<ReportPicture>> pictures;  ///< a list a class, then samples without a label
  ReportSampling sampling;
  std::vector<std::string> notes;  ///< what a reader must know: what does not fit together, what could not be read
};

}  // namespace eoshard::ingest
