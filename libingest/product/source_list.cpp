#include "libingest/product/source_list.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(std::string message) { throw Error(ErrorKind::input, std::move(message)); }

std::vector<std::string> match_pattern(const std::string& pattern) {
  glob_t matches{};
  const int status = ::glob(pattern.c_str(), GLOB_ERR, nullptr, &matches);
  const std::unique_ptr<glob_t, decltype(&::globfree)> owner(&matches, &::globfree);
  if (status == GLOB_NOMATCH) refuse(fmt::format("the pattern {} matches nothing", pattern));
  if (status != 0) refuse(fmt::format("the pattern {} cannot be expanded: a folder cannot be read", pattern));
  return {matches.gl_pathv, matches.gl_pathv + matches.gl_pathc};
}

std::vector<std::string> expand_path(const std::string& path) {
  const bool is_pattern = path.find_first_of("*?[") != std::string::npos && !fs::exists(path);
  return is_pattern ? match_pattern(path) : std::vector<std::string>{path};
}

// A line without the blanks around it and without the CR of a CRLF.
std::string trimmed(const std::string& line) {
  constexpr const char* kBlanks = " \t\r";
  const auto begin = line.find_first_not_of(kBlanks);
  return begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(kBlanks) + 1 - begin);
}

std::vector<std::string> paths_in(const std::string& text) {
  std::vector<std::string> paths;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = trimmed(text.substr(begin, end - begin));
    if (!line.empty() && line.front() != '#') paths.push_back(line);
    begin = end + 1;
  }
  return paths;
}

std::vector<std::string> expand_list(const std::string& file) {
  const std::vector<std::string> paths = paths_in(read_text_file(file));
  if (paths.empty()) refuse(fmt::format("the list {} names no product", file));
  std::vector<std::string> expanded;
  with_context(file, [&] {
    for (const std::string& path : paths) std::ranges::copy(expand_path(path), std::back_inserter(expanded));
  });
  return expanded;
}

// "in/S2A.SAFE/" and "/data/in/S2A.SAFE" are the same source.
std::string canonical(const std::string& path) {
  const fs::path normal = fs::weakly_canonical(fs::absolute(path));
  return (normal.has_filename() ? normal : normal.parent_path()).string();
}

}  // namespace

std::vector<std::string> expand_sources(const std::vector<std::string>& arguments) {
  std::vector<std::string> sources;
  for (const std::string& argument : arguments) {
    const bool is_list = argument.starts_with("@") && !fs::exists(argument);
    for (const std::string& path : is_list ? expand_list(argument.substr(1)) : expand_path(argument)) {
      sources.push_back(canonical(path));
    }
  }
  std::ranges::sort(sources);
  const auto repeated = std::ranges::unique(sources);
  sources.erase(repeated.begin(), repeated.end());
  return sources;
}

}  // namespace eoshard::ingest
