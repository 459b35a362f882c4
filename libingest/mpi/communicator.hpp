// The message passing that ingest needs: a communicator as a value, collectives on plain values, and the agreement
// that turns an error of one rank into the same exception on all of them.
#pragma once

#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/mpi/rank_link.hpp"

namespace eoshard {

/// @throws Error{mpi} naming the call unless `status` is MPI_SUCCESS.
void check_mpi(int status, const char* call);

class Communicator {
 public:
  explicit Communicator(std::unique_ptr<RankLink> link);

  /// All ranks that MPI has started. Collective.
  static Communicator world();

  int rank() const { return link_->rank(); }
  int size() const { return link_->size(); }
  bool is_root() const { return rank() == 0; }

  bool has_mpi() const { return link_->mpi() != MPI_COMM_NULL; }
  /// @throws Error{mpi} unless has_mpi().
  MPI_Comm get() const;

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
    std::vector<T> all;
    for (const std::string& bytes : gather({reinterpret_cast<const char*>(values.data()), values.size_bytes()})) {
      all.resize(all.size() + bytes.size() / sizeof(T));
      std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(all.data() + all.size()) - bytes.size());
    }
    return all;
  }

  /// Element-wise sum over ranks, in place.
  void sum(std::span<std::uint64_t> values) const;
  void sum(std::span<double> values) const;

  /// This rank's place among the ranks of its node. Collective.
  NodePlace node_place() const { return link_->node_place(); }

  /// Ends all ranks at once: for a failure that the others cannot learn of. Not collective.
  [[noreturn]] void abort(int exit_status) const;

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
      const Error wrapped(ErrorKind::internal, reason_of(error));
      settle(&wrapped);
    }
    settle(nullptr);
  }

 private:
  std::vector<std::string> gather(std::string_view bytes) const;
  void settle(const Error* mine) const;  // returns only when no rank has an error

  std::unique_ptr<RankLink> link_;
};

}  // namespace eoshard
