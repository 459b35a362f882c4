// Completion scripts and man pages of a program, made from the declarations of its options, so that they cannot drift.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace eoshard {

/// A script for bash's `complete`: options, their choices, else files.
std::string bash_completion(const CLI::App& app);

/// A script for zsh's completion system (`#compdef`).
std::string zsh_completion(const CLI::App& app);

/// A page of section 1, in man's macros.
std::string man_page(const CLI::App& app, const std::string& version);

/// A JSON object with an entry for each option, as declared_options.hpp describes it.
std::string option_list(const CLI::App& app);

/// The text of one kind: "bash", "zsh", "man" or "json". @throws Error{usage} for another kind.
std::string program_interface(const CLI::App& app, const std::string& version, const std::string& kind);

}  // namespace eoshard
