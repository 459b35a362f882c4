#include "libingest/mpi/supervision.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace eoshard {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeat = 100ms;
constexpr auto kPoll = 2ms;

// The work's own thread, and how it ended.
class Worker {
 public:
  explicit Worker(const std::function<void()>& work) : thread_([this, work] { run(work); }) {}
  ~Worker() { thread_.join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void wait_for_end_or(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, time, [&] { return has_ended_; });
  }

  bool has_ended() {
    const std::lock_guard lock(mutex_);
    return has_ended_;
  }

  /// Of the ended work.
  std::exception_ptr error() {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  void run(const std::function<void()>& work) {
    std::exception_ptr error;
    try {
      work();
    } catch (const Stopped&) {
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      error_ = error;
      has_ended_ = true;
    }
    ended_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ = false;
  std::exception_ptr error_;
  std::thread thread_;  // last: it uses the others
};

// The sum over ranks; waits asleep, so that the work has the cores.
void sum_patiently(const Communicator& world, std::span<const std::uint64_t> mine, std::span<std::uint64_t> sums) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallreduce(mine.data(), sums.data(), static_cast<int>(mine.size()), MPI_UINT64_T, MPI_SUM, world.get(),
                           &request),
            "MPI_Iallreduce");
  int is_done = 0;
  for (;;) {
    check_mpi(MPI_Test(&request, &is_done, MPI_STATUS_IGNORE), "MPI_Test");
    if (is_done != 0) return;
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

void supervise(const Communicator& world, std::size_t counters, const std::function<void(Watch&)>& work,
               const std::function<void(std::span<const std::uint64_t>)>& on_beat) {
  Watch watch(counters);
  std::exception_ptr error;
  {
    Worker worker([&] { work(watch); });
    std::vector<std::uint64_t> mine(counters + 2), sums(counters + 2);  // with the ranks that ended, and that failed
    do {
      worker.wait_for_end_or(kBeat);
      const bool has_ended = worker.has_ended();
      for (std::size_t counter = 0; counter < counters; ++counter) mine[counter] = watch.counters_[counter];
      mine[counters] = has_ended ? 1 : 0;
      mine[counters + 1] = has_ended && worker.error() ? 1 : 0;
      sum_patiently(world, mine, sums);
      if (sums[counters + 1] > 0) watch.is_stopping_ = true;
      if (on_beat) on_beat(std::span(sums).first(counters));
    } while (sums[counters] < static_cast<std::uint64_t>(world.size()));
    error = worker.error();
  }
  world.agree([&] {
    if (error) std::rethrow_exception(error);
  });
}

}  // namespace eoshard
