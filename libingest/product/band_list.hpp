// The option --bands: which layers of a product go into the dataset.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eoshard::ingest {

/// "B03,B02,SCL" → {"B02", "B03", "SCL"}: in the order of kBands, the scene classification last, so that the order on
/// the command line makes no difference.
/// @throws Error{usage} naming what is unknown, given twice or empty.
std::vector<std::string> parse_band_list(std::string_view list);

}  // namespace eoshard::ingest
