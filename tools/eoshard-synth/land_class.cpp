#include "tools/eoshard-synth/land_class.hpp"

namespace eoshard::synth {
namespace {

// Reflectance: B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12. Invented, in the usual range of such surfaces.
constexpr Spectrum kGreenFields = {.040f, .050f, .080f, .065f, .120f, .250f, .300f, .310f, .330f, .330f, .200f, .110f};
constexpr Spectrum kForest = {.025f, .028f, .048f, .033f, .075f, .210f, .250f, .260f, .270f, .270f, .070f, .030f};
constexpr Spectrum kBuilt = {.090f, .105f, .125f, .140f, .160f, .190f, .200f, .210f, .220f, .220f, .240f, .210f};
constexpr Spectrum kDryFields = {.060f, .075f, .110f, .130f, .170f, .230f, .250f, .260f, .280f, .280f, .300f, .230f};

constexpr double kForestContrast = 0.4;  // crowns and their shadows: forests are dark, and still have to be told apart

constexpr std::uint8_t kVegetation = 4, kBare = 5;

// Two classes are common enough to be in most patches and the others are in few: then 0.5 is a good threshold for a
// predictor that sees no pixels, too. The common two share a spectrum.
constexpr std::array<LandClass, kMaxClasses> kClasses = {{
    {"Non-irrigated arable land", 12, 211, .31, kGreenFields, {TextureKind::rows, 8}, kVegetation},
    {"Pastures", 18, 231, .30, kGreenFields, {TextureKind::clumps, 14}, kVegetation},
    {"Broad-leaved forest", 23, 311, .07, kForest, {TextureKind::grains, 4, kForestContrast}, kVegetation},
    {"Coniferous forest", 24, 312, .07, kForest, {TextureKind::rows, 12, kForestContrast}, kVegetation},
    {"Discontinuous urban fabric", 2, 112, .07, kBuilt, {TextureKind::checks, 5}, kBare},
    {"Industrial or commercial units", 3, 121, .06, kBuilt, {TextureKind::grains, 14}, kBare},
    {"Vineyards", 15, 221, .06, kDryFields, {TextureKind::rows, 5}, kBare},
    {"Complex cultivation patterns", 20, 242, .06, kDryFields, {TextureKind::checks, 12}, kBare},
}};

}  // namespace

std::span<const LandClass> land_classes(int count) {
  return std::span(kClasses).first(static_cast<std::size_t>(count));
}

}  // namespace eoshard::synth
