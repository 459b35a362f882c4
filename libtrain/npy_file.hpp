// A matrix as NumPy reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace eoshard::train {

/// Writes `path` in NumPy's format 1.0 (numpy.lib.format): float32, (rows, columns), row-major. @throws Error{io}
void write_npy(const std::filesystem::path& path, std::span<const float> values, std::int64_t columns);

}  // namespace eoshard::train
