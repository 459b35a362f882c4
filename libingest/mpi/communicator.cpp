#include "libingest/mpi/communicator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "libingest/mpi/mpi_link.hpp"
#include "libingest/mpi/rank_watch.hpp"

namespace eoshard {

void check_mpi(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw Error(ErrorKind::mpi,
              fmt::format("{} failed: {}", call, std::string_view(text, static_cast<std::size_t>(length))));
}

Communicator::Communicator(std::unique_ptr<RankLink> link) : link_(std::move(link)) {}

Communicator Communicator::world() { return Communicator(link_by_mpi()); }

MPI_Comm Communicator::get() const {
  if (has_mpi()) return link_->mpi();
  throw Error(ErrorKind::mpi, "this needs ranks that MPI connects; start them with mpirun, or with srun --mpi=pmix");
}

void Communicator::barrier() const {
  const WaitingForRanks waiting;
  link_->barrier();
}

std::string Communicator::broadcast(std::string text) const {
  const WaitingForRanks waiting;
  return link_->broadcast(std::move(text));
}

std::string Communicator::scatter(const std::vector<std::string>& texts) const {
  const WaitingForRanks waiting;
  return link_->scatter(texts);
}

std::vector<std::string> Communicator::all_gather(const std::string& text) const { return gather(text); }

std::vector<std::string> Communicator::gather(std::string_view bytes) const {
  const WaitingForRanks waiting;
  return link_->all_gather(bytes);
}

void Communicator::sum(std::span<std::uint64_t> values) const {
  const WaitingForRanks waiting;
  link_->sum(values);
}

void Communicator::sum(std::span<double> values) const {
  const WaitingForRanks waiting;
  link_->sum(values);
}

void Communicator::abort(int exit_status) const {
  link_->abort(exit_status);
  std::abort();  // GCC does not believe in virtual functions that never return
}

void Communicator::settle(const Error* mine) const {
  struct Status {
    int rank;
    int kind;
  };
  const Status status{mine != nullptr ? rank() : size(), mine != nullptr ? static_cast<int>(mine->kind()) : 0};
  const std::vector<Status> all = all_gather(std::span(&status, 1));
  const auto first = std::min_element(all.begin(), all.end(), [](auto a, auto b) { return a.rank < b.rank; });
  if (first->rank == size()) return;
  const std::vector<std::string> messages = all_gather(std::string(first->rank == rank() ? mine->what() : ""));
  throw Error(static_cast<ErrorKind>(first->kind), messages[static_cast<std::size_t>(first->rank)]).mark_agreed();
}

}  // namespace eoshard
