#include "libtrain/dist/mpi_collective.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

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

float* data_of(const at::Tensor& values) {
  TORCH_INTERNAL_ASSERT(values.is_cpu() && values.is_contiguous() && values.scalar_type() == at::kFloat);
  return values.data_ptr<float>();
}

class MpiCollective final : public Collective {
 public:
  explicit MpiCollective(const Communicator& world) : world_(world) {}

  int rank() const override { return world_.rank(); }
  int size() const override { return world_.size(); }

  void broadcast(const at::Tensor& values, int root) override {
    check_mpi(MPI_Bcast(data_of(values), count_of(values.numel()), MPI_FLOAT, root, world_.get()), "MPI_Bcast");
  }

  void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) override {
    const std::vector<int> send_counts = counts_of(sent.lengths), send_places = counts_of(sent.offsets);
    const std::vector<int> counts = counts_of(received.lengths), places = counts_of(received.offsets);
    check_mpi(MPI_Alltoallv(data_of(from), send_counts.data(), send_places.data(), MPI_FLOAT, data_of(to),
                            counts.data(), places.data(), MPI_FLOAT, world_.get()),
              "MPI_Alltoallv");
  }

  void gather_all(const at::Tensor& values, const Pieces& pieces) override {
    const std::vector<int> counts = counts_of(pieces.lengths), places = counts_of(pieces.offsets);
    check_mpi(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, data_of(values), counts.data(), places.data(),
                             MPI_FLOAT, world_.get()),
              "MPI_Allgatherv");
  }

 private:
  const Communicator& world_;
};

}  // namespace

std::unique_ptr<Collective> make_mpi_collective(const Communicator& world) {
  return std::make_unique<MpiCollective>(world);
}

}  // namespace eoshard::train
