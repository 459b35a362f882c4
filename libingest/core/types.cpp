#include "libingest/core/types.hpp"

namespace eoshard {

std::vector<ResolutionGroup> resolution_groups() {
  std::vector<ResolutionGroup> groups;
  for (const int resolution_m : {10, 20, 60}) {
    ResolutionGroup group{"data_" + std::to_string(resolution_m) + "m", resolution_m, kPatchSizeM / resolution_m, {}};
    for (const BandInfo& band : kBands) {
      if (band.resolution_m == resolution_m) group.bands.push_back(band);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace eoshard
