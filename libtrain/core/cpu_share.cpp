#include "libtrain/core/cpu_share.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace eoshard::train {
namespace {

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

cpu_set_t affinity_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) CPU_SET(0, &mask);
  return mask;
}

bool overlap(const cpu_set_t& one, const cpu_set_t& other) {
  cpu_set_t common;
  CPU_AND(&common, &one, &other);
  return CPU_COUNT(&common) > 0;
}

}  // namespace

int cpu_share(const Communicator& world) {
  const cpu_set_t mine = affinity_mask();
  const std::string my_host = host_name();
  const std::vector<std::string> hosts = world.all_gather(my_host);
  const std::vector<cpu_set_t> masks = world.all_gather(std::span(&mine, 1));
  int sharers = 0;
  for (std::size_t rank = 0; rank < masks.size(); ++rank) {
    if (hosts[rank] == my_host && overlap(masks[rank], mine)) ++sharers;
  }
  return std::max(1, CPU_COUNT(&mine) / std::max(1, sharers));
}

}  // namespace eoshard::train
