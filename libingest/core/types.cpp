#include "libingest/core/types.hpp"

#include <algorithm>

namespace eoshard {

std::vector<std::string> all_bands() {
  std::vector<std::string> names;
  for (const BandInfo& band : kBands) names.emplace_back(band.name);
  return names;
}

std::vector<ResolutionGroup> resolution_groups(const std::vector<std::string>& bands) {
  std::vector<ResolutionGroup> groups;
  for (const int resolution_m : {10, 20, 60}) {
    ResolutionGroup group{"data_" + std::to_string(resolution_m) + "m", resolution_m, kPatchSizeM / resolution_m, {}};
    for (const BandInfo& band : kBands) {
      const bool is_chosen = std::find(bands.begin(), bands.end(), band.name) != bands.end();
      if (is_chosen && band.resolution_m == resolution_m) group.bands.push_back(band);
    }
    if (!group.bands.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace eoshard
