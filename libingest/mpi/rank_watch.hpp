// Ranks that have died or hang: every rank sends signs of life to rank 0, beside MPI, and all end with an error that
// names the rank that has stopped sending them.
#pragma once

#include <memory>

#include "libingest/core/log.hpp"
#include "libingest/mpi/communicator.hpp"

namespace eoshard {

/// A thread on every rank, from construction to destruction. It sends datagrams (UDP) to rank 0 and gets them back
/// several times a second, with what the rank has done so far. A rank from which nothing was heard for `timeout_s`, or
/// whose work has not moved for as long while it was not waiting for others, ends the process of every rank: rank 0
/// prints the error, or all do where rank 0 is the one. One that was never heard counts where other datagrams from its
/// host have come; where none have, a warning says that nobody will notice. Ranks that never begin to watch are
/// StartLimit's.
class RankWatch {
 public:
  /// Collective. On one rank, or with a timeout of 0, nothing is watched. `log` is borrowed. All ranks end the watch
  /// together: after a barrier. @throws Error{io}, agreed.
  RankWatch(const Communicator& world, double timeout_s, const Log& log);
  ~RankWatch();
  RankWatch(const RankWatch&) = delete;
  RankWatch& operator=(const RankWatch&) = delete;

  /// The work has moved: to be called several times within the timeout. Thread-safe, and cheap.
  static void note_progress();

 private:
  class Post;
  std::unique_ptr<Post> post_;
};

/// As long as one lives, this rank waits for others: standing still is not its fault.
class WaitingForRanks {
 public:
  WaitingForRanks();
  ~WaitingForRanks();
  WaitingForRanks(const WaitingForRanks&) = delete;
  WaitingForRanks& operator=(const WaitingForRanks&) = delete;
};

}  // namespace eoshard
