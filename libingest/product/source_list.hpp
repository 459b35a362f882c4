// What a user may name as products: folders, zip archives, patterns, lists of them.
#pragma once

#include <string>
#include <vector>

namespace eoshard::ingest {

/// The products that `arguments` name, as absolute paths in text order, each once. An argument is a path, a pattern
/// with *, ? or [] that the shell did not expand (a path that exists is never a pattern), or @FILE: a text file of
/// paths and patterns, one a line; blank lines and lines that begin with # are skipped, line ends may be CRLF, and
/// relative paths start from the current folder, as in GDAL's lists.
/// @throws Error{input} for a pattern that matches nothing, and a list that is missing or empty.
std::vector<std::string> expand_sources(const std::vector<std::string>& arguments);

}  // namespace eoshard::ingest
