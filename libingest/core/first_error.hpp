// The first exception of work that several threads share, for whoever waits for all of them.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>

namespace eoshard {

class FirstError {
 public:
  /// Calls `work`, and keeps what it throws. Does nothing once something is kept.
  template <class Work>
  void keep(const Work& work) {
    if (is_kept_) return;
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      is_kept_ = true;
    }
  }

  bool is_kept() const { return is_kept_; }

  /// Throws what is kept, if anything. The threads have ended.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> is_kept_ = false;
  std::exception_ptr error_;
};

}  // namespace eoshard
