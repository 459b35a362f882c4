// Scores as a table for the terminal.
#pragma once

#include <string>

namespace eoshard::train {

/// Of what result.json holds: classes and averages, 98 columns wide.
std::string result_table(const std::string& result_json);

}  // namespace eoshard::train
