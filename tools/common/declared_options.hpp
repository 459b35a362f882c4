// A program's options as its declarations give them, for texts that are made from them: man pages, shell completion.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace eoshard {

struct DeclaredOption {
  std::vector<std::string> names;  ///< "-o", "--out"; a positional argument has one, without dashes: "PRODUCT"
  std::string group;               ///< heading of --help
  std::string help;
  std::string value;                 ///< what --help writes for it: "FILE", "{auto,always,never}"; "" for a flag
  std::vector<std::string> choices;  ///< where only these are valid
  std::string default_value;         ///< "" where there is none
  bool is_positional = false;
  bool is_repeatable = false;
};

/// In the order of declaration, hidden ones left out.
std::vector<DeclaredOption> declared_options(const CLI::App& app);

}  // namespace eoshard
