// What one rank reads and all need: a file that every rank opened would be opened a thousand times on a large machine.
#pragma once

#include <string>
#include <utility>

#include "libingest/mpi/communicator.hpp"

namespace eoshard {

/// The text that `read()` returns on the root, on every rank; its error becomes that of all. Collective.
template <class Read>
std::string read_at_root(const Communicator& world, const Read& read) {
  std::string text;
  world.agree([&] {
    if (world.is_root()) text = read();
  });
  return world.broadcast(std::move(text));
}

}  // namespace eoshard
