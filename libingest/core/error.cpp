#include "libingest/core/error.hpp"

#include <utility>

namespace eoshard {

Error::Error(ErrorKind kind, std::string message, std::source_location location)
    : kind_(kind), message_(std::move(message)), location_(location) {}

Error& Error::add_context(std::string_view context) {
  message_ = std::string(context) + ": " + message_;
  return *this;
}

Error& Error::mark_agreed() {
  agreed_ = true;
  return *this;
}

std::string reason_of(const std::exception& error) {
  const std::string_view text = error.what();
  return std::string(text.substr(0, text.find("\nException raised from ")));
}

int exit_status(ErrorKind kind) noexcept { return kind == ErrorKind::usage ? 2 : 1; }

}  // namespace eoshard
