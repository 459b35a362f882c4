// How the ranks of a program reach each other: what a Communicator speaks through. MPI is one way (mpi_link.hpp), a
// store of texts that all ranks reach is another one (libtrain/dist/store_link.hpp).
#pragma once

#include <mpi.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard {

/// Place of a rank among the ranks of its node.
struct NodePlace {
  int rank = 0;
  int size = 1;
};

/// Calls are collective and made by one thread at a time; what they do is said at Communicator's functions of the same
/// names.
class RankLink {
 public:
  virtual ~RankLink() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  virtual void barrier() = 0;
  virtual std::string broadcast(std::string text) = 0;
  virtual std::string scatter(const std::vector<std::string>& texts) = 0;
  virtual std::vector<std::string> all_gather(std::string_view text) = 0;
  virtual void sum(std::span<std::uint64_t> values) = 0;
  virtual void sum(std::span<double> values) = 0;
  virtual NodePlace node_place() = 0;

  /// MPI's communicator, or MPI_COMM_NULL where the ranks are connected otherwise.
  virtual MPI_Comm mpi() const { return MPI_COMM_NULL; }

  /// Ends this process, and the others as far as it can; not collective. Does not return.
  virtual void abort(int exit_status) = 0;
};

}  // namespace eoshard
