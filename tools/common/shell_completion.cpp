#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/common/declared_options.hpp"
#include "tools/common/program_interface.hpp"

namespace eoshard {
namespace {

std::string function_name(const CLI::App& app) {
  std::string name = "_" + app.get_name();
  std::ranges::replace(name, '-', '_');
  return name;
}

// One branch of bash's case: what may follow an option that takes a value.
std::string value_branch(const DeclaredOption& option) {
  const std::string words =
      option.choices.empty() ? "return" : fmt::format("words='{}'", fmt::join(option.choices, " "));
  return fmt::format("    {}) {} ;;\n", fmt::join(option.names, "|"), words);
}

// For single quotes around a specification of _arguments, whose own signs are brackets and colons.
std::string zsh_text(const std::string& text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '\'') {
      escaped += "'\\''";
    } else {
      if (std::string_view("[]:\\").find(character) != std::string_view::npos) escaped += '\\';
      escaped += character;
    }
  }
  return escaped;
}

// ":value:action" of a specification of _arguments.
std::string zsh_action(const DeclaredOption& option) {
  const std::string action = option.choices.empty() ? "_files" : fmt::format("({})", fmt::join(option.choices, " "));
  return fmt::format(":{}:{}", option.choices.empty() ? zsh_text(option.value) : "value", action);
}

std::string zsh_specifications(const DeclaredOption& option) {
  if (option.is_positional) {
    const char* const place = option.is_repeatable ? "*" : "";
    return fmt::format("  '{}:{}:_files' \\\n", place, zsh_text(option.names.front()));
  }
  std::string text;
  for (const std::string& name : option.names) {
    // Further names of the option are not offered once it is given, unless it may be repeated.
    const std::string once = option.is_repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    const bool takes_value = !option.value.empty();
    const char* const separator = takes_value && name.starts_with("--") ? "=" : "";
    text += fmt::format("  '{}{}{}[{}]{}' \\\n", once, name, separator, zsh_text(option.help),
                        takes_value ? zsh_action(option) : "");
  }
  return text;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::vector<std::string> names;
  std::string branches;
  for (const DeclaredOption& option : declared_options(app)) {
    if (option.is_positional) continue;
    names.insert(names.end(), option.names.begin(), option.names.end());
    if (!option.value.empty()) branches += value_branch(option);
  }
  // "--option=value" reaches the function as three words.
  return fmt::format(
      "# Completion of {0} for bash, written by the program.\n"
      "{1}() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=\n"
      "  COMPREPLY=()\n"
      "  if [[ $current == = ]]; then\n"
      "    current=\n"
      "  elif [[ $previous == = ]]; then\n"
      "    previous=${{COMP_WORDS[COMP_CWORD-2]}}\n"
      "  fi\n"
      "  case $previous in\n"
      "{2}"
      "    *) [[ $current == -* ]] && words='{3}' ;;\n"
      "  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "}}\n"
      "complete -o default -F {1} {0}\n",
      app.get_name(), function_name(app), branches, fmt::join(names, " "));
}

std::string zsh_completion(const CLI::App& app) {
  std::string specifications;
  for (const DeclaredOption& option : declared_options(app)) specifications += zsh_specifications(option);
  return fmt::format(
      "#compdef {}\n"
      "# Completion for zsh, written by the program.\n"
      "_arguments -s \\\n"
      "{}"
      "  && return 0\n",
      app.get_name(), specifications);
}

}  // namespace eoshard
