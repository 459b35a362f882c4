#include "libtrain/dist/mpi_collective.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

namespace eoshard::train {
namespace {

// MPI 3 counts elements in int.
int count_of(std::int64_t elements) {
  if (elements > std::numeric_limits<int>::max()) {
    throw Error(ErrorKind::mpi, fmt::format("a message of {} elements is over MPI's limit", elements));
  }
  return static_cast<int>(elements);
}

std::vector<int> counts_of(const std::vector<std::int64_t>& elements) {
  std::vector<int> counts;
  for (const std::int64_t count : elements) counts.push_back(count_of(count));
  return counts;
}

MPI_Datatype type_of(const at::Tensor& values) {
  TORCH_INTERNAL_ASSERT(values.is_cpu() && values.is_contiguous());
  TORCH_INTERNAL_ASSERT(values.scalar_type() == at::kFloat || values.scalar_type() == at::kBFloat16);
  return values.scalar_type() == at::kFloat ? MPI_FLOAT : MPI_UINT16_T;  // bfloat16 is moved, never computed with
}

class MpiCollective final : public Collective {
 public:
  explicit MpiCollective(const Communicator& world) : world_(world) {}

  int rank() const override { return world_.rank(); }
  int size() const override { return world_.size(); }

  void broadcast(const at::Tensor& values, int root) override {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(values.data_ptr(), count_of(values.numel()), type_of(values), root, world_.get(), &request),
              "MPI_Ibcast");
    wait(request);
  }

  void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) override {
    const std::vector<int> send_counts = counts_of(sent.lengths), send_places = counts_of(sent.offsets);
    const std::vector<int> counts = counts_of(received.lengths), places = counts_of(received.offsets);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ialltoallv(from.data_ptr(), send_counts.data(), send_places.data(), type_of(from), to.data_ptr(),
                             counts.data(), places.data(), type_of(to), world_.get(), &request),
              "MPI_Ialltoallv");
    wait(request);
  }

  void gather_all(const at::Tensor& values, const Pieces& pieces) override {
    const std::vector<int> counts = counts_of(pieces.lengths), places = counts_of(pieces.offsets);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values.data_ptr(), counts.data(), places.data(),
                              type_of(values), world_.get(), &request),
              "MPI_Iallgatherv");
    wait(request);
  }

  void sum(const at::Tensor& values) override {
    TORCH_INTERNAL_ASSERT(values.scalar_type() == at::kFloat);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iallreduce(MPI_IN_PLACE, values.data_ptr(), count_of(values.numel()), type_of(values), MPI_SUM,
                             world_.get(), &request),
              "MPI_Iallreduce");
    wait(request);
  }

  void set_awaited(bool is_awaited) override { is_awaited_ = is_awaited; }

 private:
  // Nothing progresses but within calls, so MPI is asked again and again: at once for a while where somebody waits, and
  // then seldom, so that ranks that still compute on these cores have them.
  void wait(MPI_Request request) const {
    using namespace std::chrono_literals;
    constexpr int kEagerPolls = 2000;
    for (int polls = 0;; ++polls) {
      int is_done = 0;
      check_mpi(MPI_Test(&request, &is_done, MPI_STATUS_IGNORE), "MPI_Test");
      if (is_done != 0) return;
      if (!is_awaited_) {
        std::this_thread::sleep_for(50us);
      } else if (polls < kEagerPolls) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(10us);
      }
    }
  }

  const Communicator& world_;
  std::atomic<bool> is_awaited_ = true;
};

}  // namespace

std::unique_ptr<Collective> make_mpi_collective(const Communicator& world) {
  return std::make_unique<MpiCollective>(world);
}

}  // namespace eoshard::train
