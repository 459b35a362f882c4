#include "libingest/pipeline/listed_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/decode/tile_coverage.hpp"
#include "libingest/select/patch_grid.hpp"
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

struct ListedPatch {
  std::string product;
  PatchPosition position;
};

// Cuts "_57" off the end of `text`.
std::optional<int> take_last_number(std::string_view& text) {
  const std::size_t underscore = text.rfind('_');
  if (underscore == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(underscore + 1);
  int number = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (status != std::errc() || end != digits.data() + digits.size() || number < 0) return std::nullopt;
  text = text.substr(0, underscore);
  return number;
}

// "…_T33UUP": two digits and three letters.
bool ends_in_tile(std::string_view product) {
  constexpr std::string_view kForm = "_T00AAA";
  if (product.size() < kForm.size()) return false;
  const std::string_view tile = product.substr(product.size() - kForm.size());
  const auto is_like = [](char character, char form) {
    if (form == '0') return character >= '0' && character <= '9';
    if (form == 'A') return character >= 'A' && character <= 'Z';
    return character == form;
  };
  return is_like(tile[0], '_') && is_like(tile[1], 'T') &&
         std::equal(tile.begin() + 2, tile.end(), kForm.begin() + 2, is_like);
}

// "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57": the product ends in its MGRS tile, which v1's ids lack.
std::optional<ListedPatch> parse_v2_id(std::string_view id) {
  const auto row = take_last_number(id);
  const auto column = row ? take_last_number(id) : std::nullopt;
  if (!column || !id.starts_with("S2") || !ends_in_tile(id)) return std::nullopt;
  return ListedPatch{std::string(id), {*column, *row}};
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
  std::istringstream lines(read_text_file(path));
  std::string line;
  for (bool is_first = true; std::getline(lines, line); is_first = false) {
    const std::string id = first_field(line);
    const bool is_header = is_first && !id.starts_with("S2");
    if (!id.empty() && !is_header) add_listed(id, products);
  }
}

}  // namespace

void add_listed(const std::string& id, ListedProducts& products) {
  const auto patch = parse_v2_id(id);
  if (!patch) {
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
