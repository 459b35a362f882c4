#include "libingest/pipeline/listed_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/decode/tile_coverage.hpp"
#include "libingest/select/patch_grid.hpp"
#include "libingest/select/patch_name.hpp"
#include "libingest/table/compressed_text.hpp"
#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {
namespace {

constexpr int kGranuleSize10mPx = 10980;

// Tiles and code-blocks of the JP2 files of real products, read off baseline 05.11.
struct Tiling {
  int resolution_m;
  int tile_px;
  int codeblock_px;
};
constexpr std::array<Tiling, 3> kTilings = {{{10, 1024, 64 * 64}, {20, 640, 8 * 8}, {60, 192, 4 * 4}}};

const Tiling& tiling_of(int resolution_m) {
  return *std::find_if(kTilings.begin(), kTilings.end(),
                       [&](const Tiling& tiling) { return tiling.resolution_m == resolution_m; });
}

UnitWork listed_unit(const ResolutionGroup& group, std::span<const PatchPosition> patches) {
  const Tiling& tiling = tiling_of(group.resolution_m);
  const int size_px = kGranuleSize10mPx * kFinestResolutionM / group.resolution_m;
  const ImageLayout layout{size_px, size_px, tiling.tile_px, tiling.tile_px, 2};
  const std::vector<bool> is_needed = find_needed_tiles(layout, patches, group.patch_px);
  const auto tiles = static_cast<double>(std::count(is_needed.begin(), is_needed.end(), true));
  const auto bands = static_cast<double>(group.bands.size());
  const double tile_pixels = tiles * bands * tiling.tile_px * tiling.tile_px;
  const double patch_pixels = static_cast<double>(patches.size()) * bands * group.patch_px * group.patch_px;
  return {{tiling.codeblock_px, tile_pixels, 0, patch_pixels}};
}

// Lists may overlap.
std::vector<PatchPosition> distinct(std::vector<PatchPosition> patches) {
  std::sort(patches.begin(), patches.end());
  patches.erase(std::unique(patches.begin(), patches.end()), patches.end());
  return patches;
}

bool is_parquet(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == "PAR1";
}

void read_table(const std::string& path, ListedProducts& products) {
  const std::array<std::string, 1> columns = {"patch_id"};
  read_parquet(path, columns, [&](const ParquetBatch& batch) {
    for (const std::string& id : batch.texts("patch_id")) add_listed(id, products);
  });
}

// The first field of a line, without quotes and line ends.
std::string first_field(const std::string& line) {
  std::string field = line.substr(0, line.find_first_of(",;\t\r"));
  std::erase(field, '"');
  return field;
}

void read_text(const std::string& path, ListedProducts& products) {
  std::istringstream lines(read_compressed_text(path));
  std::string line;
  for (bool is_first = true; std::getline(lines, line); is_first = false) {
    const std::string id = first_field(line);
    const bool is_header = is_first && !id.starts_with("S2");
    if (!id.empty() && !is_header) add_listed(id, products);
  }
}

}  // namespace

void add_listed(const std::string& id, ListedProducts& products) {
  const std::optional<PatchName> patch = parse_patch_name(id);
  if (!patch || !patch->has_product()) {
    throw Error(
        ErrorKind::input,
        fmt::format("'{}' is no patch id of BigEarthNet v2's form; ids of v1 have no MGRS tile and so do not say "
                    "their product; take a list such as metadata.parquet",
                    id));
  }
  GranuleGeometry granule;
  granule.size_10m_px = kGranuleSize10mPx;
  const PatchGrid grid = make_patch_grid(granule);
  if (patch->position.column >= grid.columns || patch->position.row >= grid.rows) {
    throw Error(ErrorKind::input,
                fmt::format("'{}' lies outside a granule, which has {} x {} patches", id, grid.columns, grid.rows));
  }
  products[patch->product].push_back(patch->position);
}

ListedProducts read_listed_products(std::span<const std::string> paths) {
  ListedProducts products;
  for (const std::string& path : paths) {
    with_context(path, [&] { is_parquet(path) ? read_table(path, products) : read_text(path, products); });
  }
  if (products.empty()) throw Error(ErrorKind::input, "the lists name no patch");
  return products;
}

std::vector<UnitWork> listed_units(std::span<const PatchPosition> patches) {
  std::vector<UnitWork> units;
  for (const ResolutionGroup& group : resolution_groups()) units.push_back(listed_unit(group, patches));
  return units;
}

std::vector<ProductWork> listed_work(const ListedProducts& products, const WorkRates& rates) {
  std::vector<ProductWork> work;
  for (const auto& [name, listed] : products) {
    const std::vector<PatchPosition> patches = distinct(listed);
    ProductWork product{patches.size(), {}};
    for (const UnitWork& unit : listed_units(patches)) product.unit_costs_s.push_back(cost_s(unit, rates));
    work.push_back(std::move(product));
  }
  return work;
}

}  // namespace eoshard::ingest
