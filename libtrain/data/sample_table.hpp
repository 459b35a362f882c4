// What samples.csv says of the samples of a split.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace eoshard::train {

/// The values of one column, by sample index. @throws Error{input} when the table lacks the column (naming those that
/// it has) or one of the split's samples.
std::vector<std::string> read_sample_column(const std::filesystem::path& dataset, const std::string& split,
                                            const std::string& column, std::int64_t samples);

}  // namespace eoshard::train
