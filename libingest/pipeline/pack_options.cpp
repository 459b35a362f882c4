#include "libingest/pipeline/pack_options.hpp"

#include <nlohmann/json.hpp>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/version.hpp"

namespace eoshard::ingest {
namespace {

std::string canonical_or_empty(const std::string& path) { return path.empty() ? "" : canonical_path_text(path); }

std::vector<std::string> canonical_all(const std::vector<std::string>& paths) {
  std::vector<std::string> texts;
  for (const std::string& path : paths) texts.push_back(canonical_path_text(path));
  return texts;
}

}  // namespace

std::string configuration_json(const PackOptions& options) {
  const nlohmann::ordered_json json = {{"version", kVersion},
                                       {"kind", options.kind},
                                       {"source", canonical_path_text(options.source)},
                                       {"bands", options.bands},
                                       {"upsample", options.upsample},
                                       {"no_native", options.no_native},
                                       {"nomenclature", options.nomenclature},
                                       {"metadata", canonical_all(options.metadata)},
                                       {"reference_maps", canonical_or_empty(options.reference_maps)},
                                       {"resize_px", options.resize_px},
                                       {"band_names", options.band_names},
                                       {"split", escape_bytes(options.split)},
                                       {"seed", options.seed},
                                       {"exclude_lists", canonical_all(options.exclude_lists)},
                                       {"unlisted", options.unlisted},
                                       {"skip_bad", options.skip_bad},
                                       {"format", format_names(options.formats)},
                                       {"hdf5_layout", to_string(options.formats.hdf5_layout)},
                                       {"hdf5_compression", to_string(options.formats.hdf5_compression)},
                                       {"list_contents", options.list_contents}};
  return json.dump(2) + "\n";
}

}  // namespace eoshard::ingest
