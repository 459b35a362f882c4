// The name that was probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace eoshard::train {

/// The name with the fewest insertions, deletions and replacements of characters away from `name`; the first of equals.
std::string nearest_name(std::string_view name, std::span<const std::string> names);

}  // namespace eoshard::train
