// The one exception of the project: what went wrong, where, and what to try.
#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <string_view>

namespace eoshard {

enum class ErrorKind {
  usage,     ///< the command line is wrong (exit status 2)
  input,     ///< a file that we were asked to read is missing, damaged or of another kind
  io,        ///< the operating system refused a read or write
  mpi,       ///< the message-passing layer failed
  internal,  ///< a bug of ours
};

/// Thrown for every failure. The message says what, where and what to try; `add_context` prefixes the product, band,
/// patch or rank while the exception travels up.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, std::source_location location = std::source_location::current());

  Error& add_context(std::string_view context);  ///< "context: message"
  Error& mark_agreed();                          ///< every rank throws this same error: rank 0 alone reports it

  ErrorKind kind() const noexcept { return kind_; }
  bool is_agreed() const noexcept { return agreed_; }
  const std::source_location& location() const noexcept { return location_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
  std::source_location location_;
  bool agreed_ = false;
};

/// What an exception says, without the stack trace that LibTorch puts behind its messages.
std::string reason_of(const std::exception& error);

/// Process exit status for an error: 2 for misuse, else 1.
int exit_status(ErrorKind kind) noexcept;

/// Runs `work` and prefixes `context` to any Error that leaves it.
template <class Work>
decltype(auto) with_context(std::string_view context, Work&& work) {
  try {
    return work();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

}  // namespace eoshard
