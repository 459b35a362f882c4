// What samples.csv says of the samples of a split.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "libtrain/data/split_reader.hpp"

namespace eoshard::train {

/// The values of one column, one for each sample of `split`; of `samples` alone in the second form. @throws
/// Error{input} when the table lacks the column (naming those that it has) or one of the stored samples.
std::vector<std::string> read_sample_column(const std::filesystem::path& dataset, const SplitReader& split,
                                            const std::string& column);
std::vector<std::string> read_sample_column(const std::filesystem::path& dataset, const SplitReader& split,
                                            const std::string& column, const std::vector<std::int64_t>& samples);

}  // namespace eoshard::train
