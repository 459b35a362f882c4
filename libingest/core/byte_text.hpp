// Bytes that may be no UTF-8 (paths, command lines) as text that JSON can hold.
#pragma once

#include <string>
#include <string_view>

namespace eoshard {

/// Valid UTF-8 as it is, every other byte as \xNN and a backslash as \\, so that `unescape_bytes` gives `bytes` back.
std::string escape_bytes(std::string_view bytes);

/// The inverse of `escape_bytes`. A backslash that begins no escape is taken as it is.
std::string unescape_bytes(std::string_view text);

/// A path as configurations hold it: the same for every way to name the file, and escaped.
std::string canonical_path_text(const std::string& path);

}  // namespace eoshard
