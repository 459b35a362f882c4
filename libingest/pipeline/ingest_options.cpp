#include "libingest/pipeline/ingest_options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libingest/core/version.hpp"

namespace eoshard::ingest {

std::string configuration_json(const IngestOptions& options) {
  std::vector<std::string> sources;
  for (const std::string& source : options.sources) {
    sources.push_back(std::filesystem::weakly_canonical(source).string());
  }
  std::sort(sources.begin(), sources.end());
  const FilterThresholds& thresholds = options.thresholds;
  nlohmann::ordered_json json = {{"version", kVersion},
                                 {"sources", sources},
                                 {"labels", std::filesystem::weakly_canonical(options.labels).string()},
                                 {"nomenclature", options.nomenclature},
                                 {"min_class_percent", options.min_class_percent},
                                 {"max_nodata_percent", thresholds.max_nodata_percent},
                                 {"max_cloud_percent", thresholds.max_cloud_percent},
                                 {"max_shadow_percent", nullptr},
                                 {"max_snow_percent", thresholds.max_snow_percent},
                                 {"max_saturated_percent", thresholds.max_saturated_percent},
                                 {"min_labelled_percent", thresholds.min_labelled_percent},
                                 {"split", options.split},
                                 {"seed", options.seed}};
  if (thresholds.max_shadow_percent) json["max_shadow_percent"] = *thresholds.max_shadow_percent;
  return json.dump(2) + "\n";
}

}  // namespace eoshard::ingest
