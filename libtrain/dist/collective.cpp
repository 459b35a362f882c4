#include "libtrain/dist/collective.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "libtrain/dist/flat_alignment.hpp"
#include "libtrain/dist/mpi_collective.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include "libtrain/dist/nccl_collective.hpp"
#endif

namespace eoshard::train {
namespace {

class SoloCollective final : public Collective {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void broadcast(const at::Tensor&, int) override {}
  void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) override {
    to.narrow(0, received.offsets.front(), received.lengths.front())
        .copy_(from.narrow(0, sent.offsets.front(), sent.lengths.front()));
  }
  void gather_all(const at::Tensor&, const Pieces&) override {}
  void sum(const at::Tensor&) override {}
};

}  // namespace

Pieces equal_slices(std::int64_t length, int ranks) {
  const std::int64_t slice = align_flat((length + ranks - 1) / ranks);
  Pieces pieces;
  for (int rank = 0; rank < ranks; ++rank) {
    const std::int64_t first = std::min(rank * slice, length);
    pieces.offsets.push_back(first);
    pieces.lengths.push_back(std::min(slice, length - first));
  }
  return pieces;
}

std::unique_ptr<Collective> make_solo_collective() { return std::make_unique<SoloCollective>(); }

bool is_built_with_cuda() {
#ifdef EOSHARD_HAVE_CUDA
  return true;
#else
  return false;
#endif
}

std::unique_ptr<Collective> make_collective(const Communicator& world, at::Device device) {
  if (device.is_cpu()) return make_mpi_collective(world);
#ifdef EOSHARD_HAVE_CUDA
  return make_nccl_collective(world, device);
#else
  throw Error(ErrorKind::usage, "this program was built without CUDA; use --device cpu, or build with EOSHARD_CUDA=ON");
#endif
}

}  // namespace eoshard::train
