#include "libtrain/data/class_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/core/nomenclature.hpp"

namespace eoshard::train {

ClassMapping map_classes(const std::vector<std::string>& stored, const std::string& nomenclature) {
  if (nomenclature.empty()) return {stored, {}};
  const Nomenclature wanted = make_nomenclature(nomenclature);
  ClassMapping mapping{wanted.classes, {}};
  with_context(fmt::format("--nomenclature {}", nomenclature), [&] {
    for (const std::string& name : stored) mapping.class_of_stored.push_back(class_of_label(wanted, name));
  });
  return mapping;
}

bool map_labels(const ClassMapping& mapping, std::span<const std::byte> stored, std::span<std::byte> learnt) {
  std::ranges::fill(learnt, std::byte{0});
  bool has_any = false;
  for (std::size_t index = 0; index < stored.size(); ++index) {
    const int own = mapping.class_of_stored[index];
    if (stored[index] == std::byte{0} || own < 0) continue;
    learnt[static_cast<std::size_t>(own)] = std::byte{1};
    has_any = true;
  }
  return has_any;
}

}  // namespace eoshard::train
