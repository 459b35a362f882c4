#include "tools/common/declared_options.hpp"

namespace eoshard {
namespace {

// CLI11 joins a type and what its validators say: "TEXT:{auto,always,never}", "INT:INT in [0 - 1024]".
std::string value_text(const CLI::Option& option) {
  if (option.get_type_size() == 0) return "";
  const std::string type = option.get_type_name();
  const auto colon = type.find(':');
  const bool is_joined = colon != std::string::npos && type.find('[') > colon;  // not "N[,EPOCH:N]..."
  return is_joined ? type.substr(colon + 1) : type;
}

std::vector<std::string> choices_of(const std::string& value) {
  if (!value.starts_with('{') || !value.ends_with('}')) return {};
  return CLI::detail::split(value.substr(1, value.size() - 2), ',');
}

std::vector<std::string> names_of(const CLI::Option& option) {
  if (option.get_positional()) return {option.get_name(true)};
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

DeclaredOption declared(const CLI::Option& option) {
  DeclaredOption result;
  result.names = names_of(option);
  result.group = option.get_group();
  result.help = option.get_description();
  result.value = value_text(option);
  result.choices = choices_of(result.value);
  const std::string value = option.get_default_str();
  const bool is_set = !result.value.empty() && value != "[]" && value != "{}" && value != "\"\"";
  result.default_value = is_set ? value : "";
  result.is_positional = option.get_positional();
  result.is_repeatable = option.get_expected_max() > 1;
  return result;
}

}  // namespace

std::vector<DeclaredOption> declared_options(const CLI::App& app) {
  std::vector<DeclaredOption> options;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) options.push_back(declared(*option));
  }
  return options;
}

}  // namespace eoshard
