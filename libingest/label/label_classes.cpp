#include "libingest/label/label_classes.hpp"

namespace eoshard::ingest {

std::uint64_t LabelClasses::mask_of(std::span<const std::string> labels) {
  std::uint64_t mask = 0;
  for (const std::string& label : labels) mask |= mask_of_one(label);
  return mask;
}

std::uint64_t LabelClasses::mask_of_one(const std::string& label) {
  if (const auto known = masks_.find(label); known != masks_.end()) return known->second;
  const int index = class_of_label(nomenclature_, label);
  return masks_[label] = index < 0 ? 0 : std::uint64_t{1} << index;
}

}  // namespace eoshard::ingest
