#include "libingest/mpi/communicator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "libingest/mpi/rank_watch.hpp"

namespace eoshard {
namespace {

int checked_count(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorKind::mpi, fmt::format("a message of {} bytes is over MPI's limit of 2 GiB", bytes));
  }
  return static_cast<int>(bytes);
}

}  // namespace

void check_mpi(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw Error(ErrorKind::mpi,
              fmt::format("{} failed: {}", call, std::string_view(text, static_cast<std::size_t>(length))));
}

void CommunicatorTraits::close(MPI_Comm communicator) noexcept { MPI_Comm_free(&communicator); }

Communicator::Communicator(MPI_Comm communicator) : communicator_(communicator) {
  check_mpi(MPI_Comm_rank(communicator, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(communicator, &size_), "MPI_Comm_size");
}

Communicator Communicator::world() {
  MPI_Comm duplicate = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &duplicate), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(duplicate, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return Communicator(duplicate);
}

void Communicator::barrier() const {
  const WaitingForRanks waiting;
  check_mpi(MPI_Barrier(get()), "MPI_Barrier");
}

std::string Communicator::broadcast(std::string text) const {
  const WaitingForRanks waiting;
  std::uint64_t length = text.size();
  check_mpi(MPI_Bcast(&length, 1, MPI_UINT64_T, 0, get()), "MPI_Bcast");
  text.resize(length);
  check_mpi(MPI_Bcast(text.data(), checked_count(length), MPI_CHAR, 0, get()), "MPI_Bcast");
  return text;
}

std::string Communicator::scatter(const std::vector<std::string>& texts) const {
  const WaitingForRanks waiting;
  std::vector<int> counts, offsets;
  std::string joined;
  if (is_root()) {
    for (const std::string& text : texts) {
      counts.push_back(checked_count(text.size()));
      offsets.push_back(checked_count(joined.size()));
      joined += text;
    }
    checked_count(joined.size());
  }
  int mine = 0;
  check_mpi(MPI_Scatter(counts.data(), 1, MPI_INT, &mine, 1, MPI_INT, 0, get()), "MPI_Scatter");
  std::string text(static_cast<std::size_t>(mine), '\0');
  check_mpi(MPI_Scatterv(joined.data(), counts.data(), offsets.data(), MPI_CHAR, text.data(), mine, MPI_CHAR, 0, get()),
            "MPI_Scatterv");
  return text;
}

std::vector<std::string> Communicator::all_gather(const std::string& text) const {
  const WaitingForRanks waiting;
  const std::uint64_t mine = text.size();
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(size_));
  check_mpi(MPI_Allgather(&mine, 1, MPI_UINT64_T, lengths.data(), 1, MPI_UINT64_T, get()), "MPI_Allgather");
  const std::vector<char> bytes = all_gather_bytes(text.data(), text.size());
  std::vector<std::string> texts;
  std::size_t begin = 0;
  for (const std::uint64_t length : lengths) {
    texts.emplace_back(bytes.data() + begin, length);
    begin += length;
  }
  return texts;
}

std::vector<char> Communicator::all_gather_bytes(const void* data, std::size_t bytes) const {
  const WaitingForRanks waiting;
  const int mine = checked_count(bytes);
  std::vector<int> counts(static_cast<std::size_t>(size_));
  check_mpi(MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, get()), "MPI_Allgather");
  std::vector<int> offsets(counts.size());
  std::size_t total = 0;
  for (std::size_t rank = 0; rank < counts.size(); ++rank) {
    offsets[rank] = checked_count(total);
    total += static_cast<std::size_t>(counts[rank]);
  }
  checked_count(total);
  std::vector<char> all(total);
  check_mpi(MPI_Allgatherv(data, mine, MPI_CHAR, all.data(), counts.data(), offsets.data(), MPI_CHAR, get()),
            "MPI_Allgatherv");
  return all;
}

void Communicator::sum(std::span<std::uint64_t> values) const {
  const WaitingForRanks waiting;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), checked_count(values.size()), MPI_UINT64_T, MPI_SUM, get()),
            "MPI_Allreduce");
}

void Communicator::sum(std::span<double> values) const {
  const WaitingForRanks waiting;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), checked_count(values.size()), MPI_DOUBLE, MPI_SUM, get()),
            "MPI_Allreduce");
}

Communicator::NodePlace Communicator::node_place() const {
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(get(), MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
  const Communicator place(node);
  return {place.rank(), place.size()};
}

void Communicator::settle(const Error* mine) const {
  struct Status {
    int rank;
    int kind;
  };
  const Status status{mine != nullptr ? rank_ : size_, mine != nullptr ? static_cast<int>(mine->kind()) : 0};
  const std::vector<Status> all = all_gather(std::span(&status, 1));
  const auto first = std::min_element(all.begin(), all.end(), [](auto a, auto b) { return a.rank < b.rank; });
  if (first->rank == size_) return;
  const std::vector<std::string> messages = all_gather(std::string(first->rank == rank_ ? mine->what() : ""));
  throw Error(static_cast<ErrorKind>(first->kind), messages[static_cast<std::size_t>(first->rank)]).mark_agreed();
}

}  // namespace eoshard
