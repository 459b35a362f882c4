#include "libtrain/dist/nccl_collective.hpp"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>
#include <nccl.h>

#include <cstddef>
#include <cstring>
#include <exception>
#include <string>

#include "libingest/core/unique_handle.hpp"
#include "libingest/mpi/rank_watch.hpp"

namespace eoshard::train {
namespace {

void check_nccl(ncclResult_t status, const char* call) {
  if (status == ncclSuccess) return;
  throw Error(ErrorKind::mpi,
              fmt::format("{} failed: {} ({})", call, ncclGetErrorString(status), ncclGetLastError(nullptr)));
}

ncclDataType_t type_of(const at::Tensor& values) {
  return values.scalar_type() == at::kBFloat16 ? ncclBfloat16 : ncclFloat;
}

void* place_in(const at::Tensor& values, std::int64_t element) {
  return static_cast<std::byte*>(values.data_ptr()) + static_cast<std::size_t>(element) * values.element_size();
}

struct NcclTraits {
  static ncclComm_t invalid() noexcept { return nullptr; }
  // Destroying waits for the other ranks, which do not come when an error has ended the work of this one alone.
  static void close(ncclComm_t communicator) noexcept {
    if (std::uncaught_exceptions() > 0) {
      ncclCommAbort(communicator);
    } else {
      ncclCommDestroy(communicator);
    }
  }
};

ncclUniqueId shared_id(const Communicator& world) {
  ncclUniqueId id{};
  world.agree([&] {
    if (world.is_root()) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
  });
  const std::string bytes = world.broadcast(std::string(id.internal, sizeof id.internal));
  std::memcpy(id.internal, bytes.data(), sizeof id.internal);
  return id;
}

class NcclCollective final : public Collective {
 public:
  NcclCollective(const Communicator& world, at::Device device)
      : rank_(world.rank()), size_(world.size()), device_(device) {
    const c10::cuda::CUDAGuard guard(device_);
    const ncclUniqueId id = shared_id(world);
    ncclComm_t communicator = nullptr;
    const WaitingForRanks waiting;
    check_nccl(ncclCommInitRank(&communicator, size_, id, rank_), "ncclCommInitRank");
    communicator_ = UniqueHandle<ncclComm_t, NcclTraits>(communicator);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void broadcast(const at::Tensor& values, int root) override {
    const c10::cuda::CUDAGuard guard(device_);
    void* data = values.data_ptr();
    check_nccl(ncclBroadcast(data, data, static_cast<std::size_t>(values.numel()), type_of(values), root,
                             communicator_.get(), stream()),
               "ncclBroadcast");
  }

  void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) override {
    const c10::cuda::CUDAGuard guard(device_);
    check_nccl(ncclGroupStart(), "ncclGroupStart");
    for (std::size_t peer = 0; peer < static_cast<std::size_t>(size_); ++peer) {
      send(from, sent.offsets[peer], sent.lengths[peer], static_cast<int>(peer));
      receive(to, received.offsets[peer], received.lengths[peer], static_cast<int>(peer));
    }
    check_nccl(ncclGroupEnd(), "ncclGroupEnd");
  }

  void gather_all(const at::Tensor& values, const Pieces& pieces) override {
    const c10::cuda::CUDAGuard guard(device_);
    const std::int64_t slice = pieces.lengths.front(), length = values.numel();
    if (slice * size_ == length) return gather_slices(values, slice);
    // The last ones are shorter: they are gathered where all have room.
    const at::Tensor whole = at::empty({slice * size_}, values.options());
    const std::int64_t own = pieces.lengths[static_cast<std::size_t>(rank_)];
    whole.narrow(0, rank_ * slice, own).copy_(values.narrow(0, pieces.offsets[static_cast<std::size_t>(rank_)], own));
    gather_slices(whole, slice);
    values.copy_(whole.narrow(0, 0, length));
  }

  void sum(const at::Tensor& values) override {
    const c10::cuda::CUDAGuard guard(device_);
    void* data = values.data_ptr();
    check_nccl(ncclAllReduce(data, data, static_cast<std::size_t>(values.numel()), type_of(values), ncclSum,
                             communicator_.get(), stream()),
               "ncclAllReduce");
  }

 private:
  cudaStream_t stream() const { return c10::cuda::getCurrentCUDAStream(device_.index()).stream(); }

  void gather_slices(const at::Tensor& values, std::int64_t slice) {
    if (slice == 0) return;
    check_nccl(ncclAllGather(place_in(values, rank_ * slice), values.data_ptr(), static_cast<std::size_t>(slice),
                             type_of(values), communicator_.get(), stream()),
               "ncclAllGather");
  }

  void send(const at::Tensor& from, std::int64_t offset, std::int64_t count, int peer) {
    if (count == 0) return;
    check_nccl(ncclSend(place_in(from, offset), static_cast<std::size_t>(count), type_of(from), peer,
                        communicator_.get(), stream()),
               "ncclSend");
  }

  void receive(const at::Tensor& to, std::int64_t offset, std::int64_t count, int peer) {
    if (count == 0) return;
    check_nccl(ncclRecv(place_in(to, offset), static_cast<std::size_t>(count), type_of(to), peer, communicator_.get(),
                        stream()),
               "ncclRecv");
  }

  int rank_;
  int size_;
  at::Device device_;
  UniqueHandle<ncclComm_t, NcclTraits> communicator_;
};

}  // namespace

std::unique_ptr<Collective> make_nccl_collective(const Communicator& world, at::Device device) {
  return std::make_unique<NcclCollective>(world, device);
}

}  // namespace eoshard::train
