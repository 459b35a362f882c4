#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "tools/common/declared_options.hpp"
#include "tools/common/program_interface.hpp"

namespace eoshard {
namespace {

// Text as man prints it: a backslash and a hyphen stand for themselves, no line is a request.
std::string roff(const std::string& text) {
  std::string escaped;
  bool begins_line = true;
  for (const char character : text) {
    if (begins_line && (character == '.' || character == '\'')) escaped += "\\&";
    if (character == '\\') {
      escaped += "\\e";
    } else if (character == '-') {
      escaped += "\\-";
    } else {
      escaped += character;
    }
    begins_line = character == '\n';
  }
  return escaped;
}

// ".TP", the names in bold and the value in italics, then the help.
std::string option_entry(const DeclaredOption& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names)
    names.push_back(fmt::format("\\f{}{}\\fR", option.is_positional ? 'I' : 'B', roff(name)));
  const std::string value =
      option.value.empty() || option.is_positional ? "" : fmt::format(" \\fI{}\\fR", roff(option.value));
  const std::string standard =
      option.default_value.empty() ? "" : fmt::format(" (default {})", roff(option.default_value));
  return fmt::format(".TP\n{}{}\n{}{}\n", fmt::join(names, ", "), value, roff(option.help), standard);
}

std::string synopsis(const CLI::App& app, const std::vector<DeclaredOption>& options) {
  std::string text = fmt::format(".B {}\n[\\fIOPTION\\fR]...", roff(app.get_name()));
  for (const DeclaredOption& option : options) {
    if (option.is_positional)
      text += fmt::format(" \\fI{}\\fR{}", roff(option.names.front()), option.is_repeatable ? "..." : "");
  }
  return text + "\n";
}

std::vector<std::string> groups_of(const std::vector<DeclaredOption>& options) {
  std::vector<std::string> groups;
  for (const DeclaredOption& option : options) {
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  }
  return groups;
}

}  // namespace

std::string man_page(const CLI::App& app, const std::string& version) {
  const std::vector<DeclaredOption> options = declared_options(app);
  std::string title = app.get_name();
  std::ranges::transform(title, title.begin(), [](char letter) {
    return 'a' <= letter && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  std::string page = fmt::format(".TH {} 1 \"\" \"eoshard {}\" \"User Commands\"\n", roff(title), version);
  page += fmt::format(".SH NAME\n{} \\- {}\n", roff(app.get_name()), roff(app.get_description()));
  page += ".SH SYNOPSIS\n" + synopsis(app, options);
  page += ".SH OPTIONS\n";
  for (const std::string& group : groups_of(options)) {
    page += fmt::format(".SS {}\n", roff(group));
    for (const DeclaredOption& option : options) {
      if (option.group == group) page += option_entry(option);
    }
  }
  static const std::string kStatus = "Exit status: ";
  const std::string footer = app.get_footer();
  const bool is_status = footer.starts_with(kStatus);  // of a program with statuses of its own
  if (!footer.empty() && !is_status) page += fmt::format(".SH EXAMPLES AND NOTES\n.nf\n{}\n.fi\n", roff(footer));
  const std::string statuses = is_status ? footer.substr(kStatus.size()) : "0 success, 1 failure, 2 misuse.";
  page += fmt::format(".SH EXIT STATUS\n{}\n", roff(statuses));
  return page;
}

std::string program_interface(const CLI::App& app, const std::string& version, const std::string& kind) {
  if (kind == "bash") return bash_completion(app);
  if (kind == "zsh") return zsh_completion(app);
  if (kind == "man") return man_page(app, version);
  if (kind == "json") return option_list(app);
  throw Error(ErrorKind::usage, fmt::format("--print-interface {}: the kinds are bash, zsh, man and json", kind));
}

}  // namespace eoshard
