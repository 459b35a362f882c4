#include "libingest/mpi/thread_share.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace eoshard {
namespace {

// One host's mask of one rank, comparable as bytes.
struct Placement {
  std::array<char, 256> host{};
  cpu_set_t cores{};
};

Placement own_placement() {
  Placement placement;
  ::gethostname(placement.host.data(), placement.host.size() - 1);
  CPU_ZERO(&placement.cores);
  if (::sched_getaffinity(0, sizeof(placement.cores), &placement.cores) != 0) CPU_SET(0, &placement.cores);
  return placement;
}

bool is_same(const Placement& a, const Placement& b) {
  return std::strcmp(a.host.data(), b.host.data()) == 0 && CPU_EQUAL(&a.cores, &b.cores);
}

}  // namespace

int threads_per_rank(const Communicator& world) {
  const Placement own = own_placement();
  const std::vector<Placement> all = world.all_gather(std::span<const Placement>(&own, 1));
  const auto sharers =
      std::count_if(all.begin(), all.end(), [&](const Placement& other) { return is_same(own, other); });
  return std::max(1, CPU_COUNT(&own.cores) / static_cast<int>(sharers));
}

}  // namespace eoshard
