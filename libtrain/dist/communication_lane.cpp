#include "libtrain/dist/communication_lane.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "libingest/core/error.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include "libtrain/dist/stream_lane.hpp"
#endif

namespace eoshard::train {
namespace {

class ThreadLane final : public CommunicationLane {
 public:
  ThreadLane() : thread_([this] { run(); }) {}

  ~ThreadLane() override {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void launch(std::function<void()> work) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    changed_.notify_all();
  }

  void wait() override {
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return queue_.empty(); });
    waited_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (const std::exception_ptr error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
  }

  double waited_s() const override { return waited_s_; }

 private:
  // The work under way stays in the queue until it is done.
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return is_closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      if (!error_) {
        const std::function<void()>& work = queue_.front();
        lock.unlock();
        const std::exception_ptr error = try_to(work);
        lock.lock();
        error_ = error;
      }
      queue_.pop_front();
      changed_.notify_all();
    }
  }

  static std::exception_ptr try_to(const std::function<void()>& work) noexcept {
    try {
      work();
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::exception_ptr error_;
  bool is_closing_ = false;
  double waited_s_ = 0;  // of the waiting thread
  std::thread thread_;   // last: it uses the others
};

}  // namespace

std::unique_ptr<CommunicationLane> make_lane(at::Device device) {
#ifdef EOSHARD_HAVE_CUDA
  if (device.is_cuda()) return make_stream_lane(device);
#endif
  if (!device.is_cpu()) throw Error(ErrorKind::internal, "no way to communicate beside computing on this device");
  return std::make_unique<ThreadLane>();
}

}  // namespace eoshard::train
