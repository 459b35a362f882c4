#include "libingest/label/table_labeler.hpp"

#include <cmath>

namespace eoshard::ingest {
namespace {

class TableLabeler final : public PatchLabeler {
 public:
  TableLabeler(const LabelSettings& settings, const GranuleGeometry& geometry, const std::string& product_part)
      : table_(settings.table), geometry_(geometry), goes_by_square_(settings.kind == LabelKind::bigearthnet) {
    place_ = goes_by_square_ ? place_of_projection(geometry.epsg) : product_part;
  }

  LabelRow label_row(int patch_row) override {
    LabelRow row;
    for (int column = 0; column < geometry_.size_10m_px / kLabelPatchPx; ++column) {
      const auto classes = classes_at(column, patch_row);
      if (classes) row.is_covered = true;
      row.patches.push_back({classes.value_or(0), classes ? kLabelPatchPx * kLabelPatchPx : 0});
    }
    return row;
  }

 private:
  std::optional<std::uint64_t> classes_at(int column, int row) const {
    if (!goes_by_square_) return table_->find(place_, column, row);
    return table_->find(place_, std::llround(geometry_.ulx_m) + column * kPatchSizeM,
                        std::llround(geometry_.uly_m) - row * kPatchSizeM);
  }

  std::shared_ptr<const LabelTable> table_;
  GranuleGeometry geometry_;
  bool goes_by_square_;
  std::string place_;
};

}  // namespace

std::unique_ptr<PatchLabeler> make_table_labeler(const LabelSettings& settings, const GranuleGeometry& geometry,
                                                 const std::string& product_part) {
  return std::make_unique<TableLabeler>(settings, geometry, product_part);
}

}  // namespace eoshard::ingest
