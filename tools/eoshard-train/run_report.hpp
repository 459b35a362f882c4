// A finished run as one page of HTML that needs nothing else: curves, scores, settings.
#pragma once

#include <string>

namespace eoshard::train {

/// From the texts of config.json, metrics.jsonl and result.json. The page is well-formed XML too.
/// @throws Error{input} when one of them is not what a run writes.
std::string run_report(const std::string& name, const std::string& config, const std::string& metrics,
                       const std::string& result);

}  // namespace eoshard::train
