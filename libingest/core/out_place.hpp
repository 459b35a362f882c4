// The place that a command's option --out names.
#pragma once

#include <filesystem>

namespace eoshard {

/// @throws Error{io} naming the option, the reason and what to try.
[[noreturn]] void refuse_out_place(const std::filesystem::path& out, const std::error_code& reason);

/// Runs `work`, which looks at `out` or makes it. @throws Error{io}, as above, where the file system refuses.
template <class Work>
decltype(auto) with_out_place(const std::filesystem::path& out, Work&& work) {
  try {
    return work();
  } catch (const std::filesystem::filesystem_error& error) {
    refuse_out_place(out, error.code());
  }
}

}  // namespace eoshard
