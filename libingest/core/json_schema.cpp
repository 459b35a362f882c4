#include "libingest/core/json_schema.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

// valijson's adapter is for nlohmann::json.
nlohmann::json parse(const std::string& text, const std::string& what) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("{} must be JSON, but it is not valid JSON: {}", what, error.what()));
  }
}

}  // namespace

void check_json_schema(const std::string& text, const char* schema_text, const std::string& what) {
  const auto schema_json = nlohmann::json::parse(schema_text);
  const auto target = parse(text, what);
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(target), &results)) return;
  valijson::ValidationResults::Error error;
  std::string where, reason;
  while (results.popError(error)) {  // the first names the outermost place, the last the innermost
    where.clear();
    for (const std::string& part : error.context) where += part;
    reason = error.description;
  }
  throw Error(ErrorKind::input, fmt::format("not {} of this version: at {}: {}", what, where, reason));
}

}  // namespace eoshard
