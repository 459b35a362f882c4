// CORINE Land Cover codes and the class lists that labels are given in.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard {

inline constexpr int kGridCodes = 44;  ///< CORINE's raster values 1 … 44

/// Three-digit code of grid code 1 … 44 at index code - 1 (Copernicus Land Monitoring Service, CLC legend).
inline constexpr std::array<int, kGridCodes> kClcCodes = {
    111, 112, 121, 122, 123, 124, 131, 132, 133, 141, 142, 211, 212, 213, 221, 222, 223, 231, 241, 242, 243, 244,
    311, 312, 313, 321, 322, 323, 324, 331, 332, 333, 334, 335, 411, 412, 421, 422, 423, 511, 512, 521, 522, 523};

/// What a land-cover raster's value means.
enum class CoverKind { land_cover, unlabelled, unknown };
struct Cover {
  CoverKind kind = CoverKind::unknown;
  int grid_code = 0;  ///< 1 … 44 when kind is land_cover
};

/// Reads a value as a grid code (1 … 44) or a three-digit code (111 … 523); the two ranges do not meet, so one raster
/// needs no setting. CORINE's own no-data and unclassified values are unlabelled.
Cover read_cover(std::int64_t value);

/// A list of classes and which of them, if any, each grid code belongs to.
struct Nomenclature {
  std::string name;
  std::vector<std::string> classes;               ///< in the order of the label array's columns
  std::array<int, kGridCodes + 1> class_of_code;  ///< grid code → class index; -1: none. Index 0 is unused.
};

/// bigearthnet-19, bigearthnet-43 (Sumbul et al. 2019 and 2021) or corine-44. @throws Error{usage} naming the choices.
Nomenclature make_nomenclature(std::string_view name);

/// Class of a label as tables write it: a CORINE code (three digits, or 1 … 44), or a name in the spelling of CORINE,
/// of BigEarthNet's 43 or of its 19 classes. -1: a label that the nomenclature leaves out. @throws Error{input} for a
/// label that is neither, and for a name of the 19 that stands for several classes of this nomenclature.
int class_of_label(const Nomenclature& nomenclature, std::string_view label);

inline constexpr std::array<std::string_view, 3> kNomenclatureNames = {"bigearthnet-19", "bigearthnet-43", "corine-44"};

}  // namespace eoshard
