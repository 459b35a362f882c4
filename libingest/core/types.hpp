// The plain data that the steps of the pipeline exchange: bands, products, patches.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard {

inline constexpr int kPatchSizeM = 1200;  ///< BigEarthNet's patch side
inline constexpr int kFinestResolutionM = 10;
inline constexpr int kSclResolutionM = 20;  ///< grid of the scene classification that is read

/// One reflectance band of a Level-2A product. `id` is the index used by BOA_ADD_OFFSET (B10 = 10 is not in L2A).
struct BandInfo {
  std::string_view name;
  int id;
  int resolution_m;
};

/// In the order of the twelve-band cube.
inline constexpr std::array<BandInfo, 12> kBands = {{{"B01", 0, 60},
                                                     {"B02", 1, 10},
                                                     {"B03", 2, 10},
                                                     {"B04", 3, 10},
                                                     {"B05", 4, 20},
                                                     {"B06", 5, 20},
                                                     {"B07", 6, 20},
                                                     {"B08", 7, 10},
                                                     {"B8A", 8, 20},
                                                     {"B09", 9, 60},
                                                     {"B11", 11, 20},
                                                     {"B12", 12, 20}}};

/// The bands of one native resolution: stored together, decoded together, the pipeline's unit of work.
struct ResolutionGroup {
  std::string array_name;       ///< "data_10m"
  int resolution_m;             ///< 10, 20 or 60
  int patch_px;                 ///< side of a patch on this grid: 120, 60 or 20
  std::vector<BandInfo> bands;  ///< in kBands order
};

/// Names of kBands.
std::vector<std::string> all_bands();

/// The groups that `bands` (names of kBands, in any order) fall into, finest first; groups without a band are left out.
std::vector<ResolutionGroup> resolution_groups(const std::vector<std::string>& bands = all_bands());

/// Where a granule lies: its UTM zone and upper-left corner, from MTD_TL.xml.
struct GranuleGeometry {
  int epsg = 0;
  double ulx_m = 0;
  double uly_m = 0;
  int size_10m_px = 0;  ///< side of the square granule on the 10 m grid; 10,980 in full products

  int size_px(int resolution_m) const { return size_10m_px * kFinestResolutionM / resolution_m; }
};

/// One granule of a Level-2A product, as its metadata describe it. No pixel has been read.
struct Product {
  std::string name;                 ///< full product name without ".SAFE"; its granules share it
  std::string id_stem;              ///< compact name without its last field: patch ids and work files begin so
  std::string path;                 ///< folder or zip as given by the user
  std::string root;                 ///< the .SAFE folder as GDAL opens it; inside the zip if it is one
  std::string mgrs_tile;            ///< "T33TVM", from the granule
  std::string acquired;             ///< UTC, "2022-07-06T08:56:11.024Z"
  std::string baseline;             ///< "04.00"
  std::string processed;            ///< "20220706T153419"; "" when the metadata do not say
  double quantification_value = 0;  ///< DN per unit of reflectance, 10,000
  std::map<std::string, int> boa_add_offset;  ///< band name → offset in DN; empty before baseline 04.00
  GranuleGeometry geometry;
  std::vector<std::string> metadata_files;        ///< of product and granule
  std::map<std::string, std::string> band_files;  ///< band name → JP2 path at its native resolution
  std::string scl_file;                           ///< scene classification at 20 m
  std::string cloud_probability_file;             ///< at 20 m, in per cent; "" when the product has none
  std::string snow_probability_file;
};

/// Column and row of a patch in its granule, zero-based from the upper left.
struct PatchPosition {
  int column = 0;
  int row = 0;
  auto operator<=>(const PatchPosition&) const = default;
};

/// The ground square under a patch: the same for every acquisition date and every product that covers it.
struct GroundSquare {
  int epsg = 0;
  std::int64_t ulx_m = 0;
  std::int64_t uly_m = 0;
  auto operator<=>(const GroundSquare&) const = default;
};

inline constexpr std::array<std::string_view, 3> kSplitNames = {"train", "validation", "test"};

}  // namespace eoshard
