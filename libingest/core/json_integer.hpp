// Whole numbers of JSON from outside. nlohmann::json converts any number to any other type, also where the value does
// not fit; what a file says must arrive or be refused.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libingest/core/error.hpp"

namespace eoshard {

template <class Json>
std::string json_value_text(const Json& json) {
  return json.is_number() ? json.dump() : std::string(json.type_name());
}

/// @throws Error{input} unless `json` is a whole number that fits.
template <class Integer, class Json>
Integer json_integer(const Json& json) {
  const bool fits = json.is_number_unsigned()
                        ? std::in_range<Integer>(json.template get<std::uint64_t>())
                        : json.is_number_integer() && std::in_range<Integer>(json.template get<std::int64_t>());
  if (!fits) throw Error(ErrorKind::input, "where a whole number belongs stands " + json_value_text(json));
  return json.template get<Integer>();
}

/// The same of a list.
template <class Integer, class Json>
std::vector<Integer> json_integers(const Json& json) {
  if (!json.is_array())
    throw Error(ErrorKind::input, "where a list of whole numbers belongs stands " + json_value_text(json));
  std::vector<Integer> values;
  for (const Json& item : json) values.push_back(json_integer<Integer>(item));
  return values;
}

}  // namespace eoshard
