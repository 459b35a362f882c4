#include "libingest/mpi/mpi_link.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <limits>
#include <utility>

#include "libingest/core/error.hpp"
#include "libingest/core/unique_handle.hpp"
#include "libingest/mpi/communicator.hpp"

namespace eoshard {
namespace {

struct CommunicatorTraits {
  static MPI_Comm invalid() noexcept { return MPI_COMM_NULL; }
  static void close(MPI_Comm communicator) noexcept { MPI_Comm_free(&communicator); }
};
using Handle = UniqueHandle<MPI_Comm, CommunicatorTraits>;

int checked_count(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorKind::mpi, fmt::format("a message of {} bytes is over MPI's limit of 2 GiB", bytes));
  }
  return static_cast<int>(bytes);
}

NodePlace place_in(MPI_Comm communicator) {
  NodePlace place;
  check_mpi(MPI_Comm_rank(communicator, &place.rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(communicator, &place.size), "MPI_Comm_size");
  return place;
}

class MpiLink final : public RankLink {
 public:
  explicit MpiLink(Handle communicator)
      : communicator_(std::move(communicator)), place_(place_in(communicator_.get())) {}

  int rank() const override { return place_.rank; }
  int size() const override { return place_.size; }
  MPI_Comm mpi() const override { return communicator_.get(); }

  void barrier() override { check_mpi(MPI_Barrier(mpi()), "MPI_Barrier"); }

  std::string broadcast(std::string text) override {
    std::uint64_t length = text.size();
    check_mpi(MPI_Bcast(&length, 1, MPI_UINT64_T, 0, mpi()), "MPI_Bcast");
    text.resize(length);
    check_mpi(MPI_Bcast(text.data(), checked_count(length), MPI_CHAR, 0, mpi()), "MPI_Bcast");
    return text;
  }

  std::string scatter(const std::vector<std::string>& texts) override {
    std::vector<int> counts, offsets;
    std::string joined;
    if (rank() == 0) {
      for (const std::string& text : texts) {
        counts.push_back(checked_count(text.size()));
        offsets.push_back(checked_count(joined.size()));
        joined += text;
      }
      checked_count(joined.size());
    }
    int mine = 0;
    check_mpi(MPI_Scatter(counts.data(), 1, MPI_INT, &mine, 1, MPI_INT, 0, mpi()), "MPI_Scatter");
    std::string text(static_cast<std::size_t>(mine), '\0');
    check_mpi(
        MPI_Scatterv(joined.data(), counts.data(), offsets.data(), MPI_CHAR, text.data(), mine, MPI_CHAR, 0, mpi()),
        "MPI_Scatterv");
    return text;
  }

  std::vector<std::string> all_gather(std::string_view text) override {
    const int mine = checked_count(text.size());
    std::vector<int> counts(static_cast<std::size_t>(size()));
    check_mpi(MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, mpi()), "MPI_Allgather");
    std::vector<int> offsets(counts.size());
    std::size_t total = 0;
    for (std::size_t rank = 0; rank < counts.size(); ++rank) {
      offsets[rank] = checked_count(total);
      total += static_cast<std::size_t>(counts[rank]);
    }
    checked_count(total);
    std::string all(total, '\0');
    check_mpi(MPI_Allgatherv(text.data(), mine, MPI_CHAR, all.data(), counts.data(), offsets.data(), MPI_CHAR, mpi()),
              "MPI_Allgatherv");
    std::vector<std::string> texts;
    for (std::size_t rank = 0; rank < counts.size(); ++rank) {
      texts.push_back(all.substr(static_cast<std::size_t>(offsets[rank]), static_cast<std::size_t>(counts[rank])));
    }
    return texts;
  }

  void sum(std::span<std::uint64_t> values) override { sum_in_place(values.data(), values.size(), MPI_UINT64_T); }
  void sum(std::span<double> values) override { sum_in_place(values.data(), values.size(), MPI_DOUBLE); }

  NodePlace node_place() override {
    MPI_Comm node = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split_type(mpi(), MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &node), "MPI_Comm_split_type");
    return place_in(Handle(node).get());
  }

  void abort(int exit_status) override {
    MPI_Abort(MPI_COMM_WORLD, exit_status);
    std::abort();
  }

 private:
  void sum_in_place(void* values, std::size_t count, MPI_Datatype type) {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values, checked_count(count), type, MPI_SUM, mpi()), "MPI_Allreduce");
  }

  Handle communicator_;
  NodePlace place_;
};

}  // namespace

std::unique_ptr<RankLink> link_by_mpi() {
  MPI_Comm duplicate = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &duplicate), "MPI_Comm_dup");
  Handle communicator(duplicate);
  check_mpi(MPI_Comm_set_errhandler(duplicate, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return std::make_unique<MpiLink>(std::move(communicator));
}

}  // namespace eoshard
