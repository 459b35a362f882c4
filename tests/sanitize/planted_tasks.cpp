// Tasks of oneTBB for the thread sanitizer: planted_tasks task_race commits a race that must be found; planted_tasks
// task_order hands values from tasks to the thread that waits for them, which is a race only to who does not see
// oneTBB's own locks.
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

#include <atomic>
#include <numeric>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int kTasks = 2;

// Calls `work(task)` in two tasks that meet before it, so that they are on two threads. Meeting orders nothing else.
template <typename Work>
void in_two_threads(const Work& work) {
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, kTasks);
  std::atomic<int> waiting{kTasks};
  const auto meet_and_work = [&](int task) {
    waiting.fetch_sub(1, std::memory_order_relaxed);
    while (waiting.load(std::memory_order_relaxed) > 0) std::this_thread::yield();
    work(task);
  };
  tbb::parallel_for(0, kTasks, meet_and_work, tbb::simple_partitioner());
}

int race() {
  int shared = 0;
  in_two_threads([&](int) { ++shared; });
  return shared > 0 ? 0 : 1;
}

int order() {
  std::vector<int> values(kTasks);
  in_two_threads([&](int task) { values[task] = task + 1; });
  return std::accumulate(values.begin(), values.end(), 0) == 3 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  return count == 2 && std::string_view(arguments[1]) == "task_race" ? race() : order();
}
