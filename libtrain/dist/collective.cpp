#include "libtrain/dist/collective.hpp"

#include "libtrain/dist/mpi_collective.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include "libtrain/dist/nccl_collective.hpp"
#endif

namespace eoshard::train {

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
