#include "libingest/pipeline/append_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/product/product_identity.hpp"
#include "libingest/select/patch_grid.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {
namespace {

void check_is_new(const ScannedProduct& product, const DatasetManifest& old, const std::string& out) {
  const bool is_there = std::any_of(old.sources.begin(), old.sources.end(), [&](const Source& source) {
    return scene_of(source.id_stem) == scene_of(product.source.id_stem);
  });
  if (!is_there) return;
  throw Error(ErrorKind::input, fmt::format("--append: {} holds the scene of {} already; leave the product out", out,
                                            product.source.path));
}

void check_scale(const ScannedProduct& product, const DatasetManifest& old) {
  if (product.quantification_value == old.quantification_value) return;
  throw Error(ErrorKind::input,
              fmt::format("--append: {} has BOA_QUANTIFICATION_VALUE {}, the dataset {}; values of different scales do "
                          "not mix",
                          product.source.path, product.quantification_value, old.quantification_value));
}

// Where a ground square of the appended products is.
struct SquarePlace {
  int split = 0;
  std::size_t product = 0;
};

using Squares = std::map<GroundSquare, SquarePlace>;

Squares squares_of_share(std::span<const ScannedProduct> products, const WorkFolder& work, const Communicator& world) {
  Squares squares;
  const auto ranks = static_cast<std::size_t>(world.size());
  for (auto product = static_cast<std::size_t>(world.rank()); product < products.size(); product += ranks) {
    const ProductScan scan = parse_scan(read_text_file(work.scan_file(products[product].source.id_stem)));
    for (const PatchPosition& position : scan.candidates()) {
      const int split = scan.patches[static_cast<std::size_t>(scan.grid.index_of(position))].split;
      squares.try_emplace(ground_square(scan.product.geometry, position), SquarePlace{split, product});
    }
  }
  return squares;
}

void check_splits(std::span<const ScannedProduct> products, const BaseDataset& base, const Squares& squares) {
  base.for_each_sample([&](const GroundSquare& square, int split) {
    const auto found = squares.find(square);
    if (found == squares.end() || found->second.split == split) return;
    throw Error(ErrorKind::input,
                fmt::format("--append: {} puts the ground square at EPSG:{} {} {} into {}, the dataset has it in {}; "
                            "leave the product out",
                            products[found->second.product].source.id_stem, square.epsg, square.ulx_m, square.uly_m,
                            kSplitNames[static_cast<std::size_t>(found->second.split)],
                            kSplitNames[static_cast<std::size_t>(split)]));
  });
}

}  // namespace

void check_fit_to_base(std::span<const ScannedProduct> products, const BaseDataset& base, const WorkFolder& work,
                       const IngestOptions& options, const Communicator& world) {
  for (const ScannedProduct& product : products) {
    check_is_new(product, base.manifest(), options.out.string());
    check_scale(product, base.manifest());
  }
  if (goes_by_square_alone(parse_split_rule(options.split, options.seed))) return;
  check_splits(products, base, squares_of_share(products, work, world));
}

}  // namespace eoshard::ingest
