// Checks JSON documents against the schemas of this build.
#pragma once

#include <string>

namespace eoshard {

/// @throws Error{input} saying what is wrong and where when `text` is no JSON or breaks `schema` (JSON Schema, draft
/// 7). `what` names the document: "a plan".
void check_json_schema(const std::string& text, const char* schema, const std::string& what);

}  // namespace eoshard
