// Ranks that are watched while their work moves on; some can be mute: their datagrams get lost. Others can be late:
// they begin when the rest is done. watched_ranks TIMEOUT_S SECONDS [MUTE_RANK...] [late LATE_RANK...]. Rank 0 prints
// the least number of datagrams that a rank has sent.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "libingest/mpi/communicator.hpp"
#include "libingest/mpi/rank_watch.hpp"
#include "libingest/mpi/session.hpp"
#include "libingest/mpi/start_limit.hpp"

namespace {

std::atomic<bool> is_mute = false;
std::atomic<std::int64_t> datagrams = 0;

void work(double seconds) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    eoshard::RankWatch::note_progress();
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace

// In the place of libc's.
extern "C" ssize_t sendto(int socket, const void* bytes, size_t length, int flags, const sockaddr* to,
                          socklen_t to_length) {
  if (to != nullptr && to->sa_family == AF_INET) {
    if (is_mute) return static_cast<ssize_t>(length);
    ++datagrams;
  }
  return ::syscall(SYS_sendto, socket, bytes, length, flags, to, to_length);
}

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const eoshard::MpiSession session(eoshard::MpiThreads::any);
  const eoshard::Communicator world = eoshard::Communicator::world();
  const auto late = std::find(arguments.begin() + 2, arguments.end(), "late");
  const std::string own = std::to_string(world.rank());
  is_mute = std::find(arguments.begin() + 2, late, own) != late;
  eoshard::StartLimit start("watched_ranks", world.rank(), world.size(), std::stod(arguments.at(0)));
  if (std::find(late, arguments.end(), own) != arguments.end()) work(std::stod(arguments.at(1)));
  const eoshard::Log log(world.rank());
  const eoshard::RankWatch watch(world, std::stod(arguments.at(0)), log);
  start.met();
  work(std::stod(arguments.at(1)));
  const std::int64_t sent = datagrams;
  const std::vector<std::int64_t> all = world.all_gather(std::span(&sent, 1));
  if (world.is_root()) std::printf("%lld\n", static_cast<long long>(*std::min_element(all.begin(), all.end())));
  world.barrier();
  return 0;
}
