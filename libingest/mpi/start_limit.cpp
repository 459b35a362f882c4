#include "libingest/mpi/start_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace eoshard {
namespace {

constexpr int kFailure = 1;
constexpr double kLongest_s = 1e8;  // which the clock can count

}  // namespace

void wait_for_turn(int rank) {
  constexpr std::chrono::milliseconds kTurn(300);
  constexpr int kTurns = 10;
  std::signal(SIGTERM, SIG_DFL);  // by which a launcher ends this rank as soon as another has ended
  std::this_thread::sleep_for(std::min(rank, kTurns) * kTurn);
}

StartLimit::StartLimit(std::string program, int rank, int ranks, double timeout_s) {
  if (ranks <= 1 || timeout_s <= 0) return;
  thread_ = std::thread([this, program = std::move(program), rank, timeout_s] { run(program, rank, timeout_s); });
}

StartLimit::~StartLimit() { met(); }

void StartLimit::met() {
  {
    const std::lock_guard lock(mutex_);
    has_met_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StartLimit::run(const std::string& program, int rank, double timeout_s) {
  const std::chrono::duration<double> limit(std::min(timeout_s, kLongest_s));
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, limit, [&] { return has_met_; })) return;
  wait_for_turn(rank);
  fmt::print(stderr,
             "{}: error: another rank is lost: it has not begun within {:g} s; all ranks end. --rank-timeout sets the "
             "time\n",
             program, timeout_s);
  std::_Exit(kFailure);
}

}  // namespace eoshard
