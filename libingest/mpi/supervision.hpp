// Long work on every rank, watched over: the sums of all ranks' counters several times a second, and an end for all
// soon after one has failed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "libingest/mpi/communicator.hpp"

namespace eoshard {

/// Leaves work that gives up because another rank has failed. No error of its own.
struct Stopped {};

/// What a rank's work tells the others while it runs. Thread-safe.
class Watch {
 public:
  explicit Watch(std::size_t counters) : counters_(counters) {}

  void add(std::size_t counter, std::uint64_t amount) { counters_[counter] += amount; }

  /// @throws Stopped once another rank has failed. Long work calls it every few seconds at least.
  void check() const {
    if (is_stopping_) throw Stopped{};
  }

 private:
  friend void supervise(const Communicator&, std::size_t, const std::function<void(Watch&)>&,
                        const std::function<void(std::span<const std::uint64_t>)>&);
  std::vector<std::atomic<std::uint64_t>> counters_;
  std::atomic<bool> is_stopping_ = false;
};

/// Runs `work` on every rank, on a thread of its own, until all have ended; meanwhile the calling thread sums the
/// `counters` of all ranks and hands them to `on_beat`, at least five times a second and once at the end. If `work`
/// throws on any rank, the others are stopped and all throw its error, as Communicator::agree does. Collective; `work`
/// makes no MPI calls.
void supervise(const Communicator& world, std::size_t counters, const std::function<void(Watch&)>& work,
               const std::function<void(std::span<const std::uint64_t>)>& on_beat);

}  // namespace eoshard
