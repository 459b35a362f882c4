// Owner of a C library's handle (file descriptor, MPI communicator, zstd context, CUDA stream, ...).
#pragma once

#include <utility>

namespace eoshard {

/// `Traits` supplies `static Handle invalid() noexcept` and `static void close(Handle) noexcept`.
template <class Handle, class Traits>
class UniqueHandle {
 public:
  UniqueHandle() noexcept = default;
  explicit UniqueHandle(Handle handle) noexcept : handle_(handle) {}
  UniqueHandle(const UniqueHandle&) = delete;
  UniqueHandle& operator=(const UniqueHandle&) = delete;
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(std::exchange(other.handle_, Traits::invalid())) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, Traits::invalid());
    }
    return *this;
  }
  ~UniqueHandle() { reset(); }

  Handle get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != Traits::invalid(); }
  Handle release() noexcept { return std::exchange(handle_, Traits::invalid()); }
  void reset() noexcept {
    if (*this) Traits::close(release());
  }

 private:
  Handle handle_ = Traits::invalid();
};

}  // namespace eoshard
