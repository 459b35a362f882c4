#include <nlohmann/json.hpp>

#include "tools/common/declared_options.hpp"
#include "tools/common/program_interface.hpp"

namespace eoshard {

std::string option_list(const CLI::App& app) {
  nlohmann::ordered_json options = nlohmann::ordered_json::array();
  for (const DeclaredOption& option : declared_options(app)) {
    options.push_back({{"names", option.names},
                       {"group", option.group},
                       {"help", option.help},
                       {"value", option.value},
                       {"choices", option.choices},
                       {"default_value", option.default_value},
                       {"is_positional", option.is_positional},
                       {"is_repeatable", option.is_repeatable}});
  }
  const nlohmann::ordered_json list = {
      {"program", app.get_name()}, {"description", app.get_description()}, {"options", options}};
  return list.dump(2) + "\n";
}

}  // namespace eoshard
