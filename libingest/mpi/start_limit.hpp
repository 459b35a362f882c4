// Ranks that never meet: one that hangs before it is connected to the others would hold them up for ever. And the turns
// in which ranks end that have found the same error.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace eoshard {

/// Ends the process, with an error on stderr, unless `met` is called or it is destroyed in time. To be made before MPI
/// starts, and ended when something else watches over the ranks. Who is late has no name yet.
class StartLimit {
 public:
  /// Of rank `rank` of `ranks`, as the launcher counts them; with one rank, or a timeout of 0, nothing is limited.
  /// `program` begins the error. Ranks speak in turn, so that the first to end silences the others.
  StartLimit(std::string program, int rank, int ranks, double timeout_s);
  ~StartLimit();
  StartLimit(const StartLimit&) = delete;
  StartLimit& operator=(const StartLimit&) = delete;

  /// The ranks are connected and watched.
  void met();

 private:
  void run(const std::string& program, int rank, double timeout_s);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_met_ = false;
  std::thread thread_;  // last: it uses the others
};

/// Of a rank that is about to end by an error: sleeps a little longer on every rank, and not on the first, with SIGTERM
/// back at what it does by itself. What several ranks find at once, the lowest tells, and ends the others meanwhile.
void wait_for_turn(int rank);

}  // namespace eoshard
