// The message passing that ingest needs: a communicator as a value, collectives on plain values, and the agreement
// that turns an error of one rank into the same exception on all of them.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/core/unique_handle.hpp"

namespace eoshard {

/// @throws Error{mpi} naming the call unless `status` is MPI_SUCCESS.
void check_mpi(int status, const char* call);

struct CommunicatorTraits {
  static MPI_Comm invalid() noexcept { return MPI_COMM_NULL; }
  static void close(MPI_Comm communicator) noexcept;
};

class Communicator {
 public:
  /// A duplicate of MPI_COMM_WORLD, so that our messages never meet those of another library. Collective.
  static Communicator world();

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }
  MPI_Comm get() const { return communicator_.get(); }

  void barrier() const;

  /// The root's text on every rank.
  std::string broadcast(std::string text) const;

  /// The text that the root has for each rank, one a rank; what others hand in is not looked at. @throws Error{mpi}
  /// when they are over 2 GiB together.
  std::string scatter(const std::vector<std::string>& texts) const;

  /// Every rank's text, in rank order, on every rank.
  std::vector<std::string> all_gather(const std::string& text) const;

  /// Every rank's values joined in rank order, on every rank. T is copied as bytes.
  template <class T>
  std::vector<T> all_gather(std::span<const T> values) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::vector<char> bytes = all_gather_bytes(values.data(), values.size_bytes());
    std::vector<T> all(bytes.size() / sizeof(T));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(all.data()));
    return all;
  }

  /// Element-wise sum over ranks, in place.
  void sum(std::span<std::uint64_t> values) const;
  void sum(std::span<double> values) const;

  /// This rank's place among the ranks of its node. Collective.
  struct NodePlace {
    int rank = 0;
    int size = 1;
  };
  NodePlace node_place() const;

  /// Runs `work` on every rank. If it throws on any, every rank throws the error of the lowest such rank, marked as
  /// agreed. Collective; `work` must make no collective calls that a failing rank would miss.
  template <class Work>
  void agree(Work&& work) const {
    try {
      work();
    } catch (const Error& error) {
      settle(&error);
    } catch (const std::system_error& error) {
      const Error wrapped(ErrorKind::io, error.what());
      settle(&wrapped);
    } catch (const std::exception& error) {
      const Error wrapped(ErrorKind::internal, error.what());
      settle(&wrapped);
    }
    settle(nullptr);
  }

 private:
  explicit Communicator(MPI_Comm communicator);
  std::vector<char> all_gather_bytes(const void* data, std::size_t bytes) const;
  void settle(const Error* mine) const;  // returns only when no rank has an error

  UniqueHandle<MPI_Comm, CommunicatorTraits> communicator_;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace eoshard
