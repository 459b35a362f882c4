// Ranks that a store of texts connects (c10d's TCPStore or FileStore), where there is no MPI: what one rank puts under
// a key all others can get, waiting for it. For messages about the work, not for gradients.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <torch/csrc/distributed/c10d/Store.hpp>

#include "libingest/core/error.hpp"
#include "libingest/mpi/rank_link.hpp"

namespace eoshard::train {

struct StorePlace {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  ///< among the ranks of its node
  std::string where;   ///< of the store, for errors
};

/// Rank 0 of them waits at its end until the others have left, so that a store within its process serves them to the
/// last. Calls wait for other ranks for a week at most. @throws Error{mpi} when the store is out of reach.
std::unique_ptr<RankLink> link_by_store(c10::intrusive_ptr<c10d::Store> store, const StorePlace& place);

/// Calls work(); an exception of the store becomes an Error{mpi}: "what: first line of it".
template <class Work>
auto at_store(std::string_view what, const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    throw Error(ErrorKind::mpi, std::string(what) + ": " + std::string(text.substr(0, text.find('\n'))));
  }
}

}  // namespace eoshard::train
