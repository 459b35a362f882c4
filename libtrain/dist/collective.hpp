// Communication of vectors between ranks: one interface, MPI on CPUs and NCCL on GPUs behind it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "libingest/mpi/communicator.hpp"

namespace eoshard::train {

/// Lengths and places of the pieces of a vector, one for each rank.
struct Pieces {
  std::vector<std::int64_t> lengths;
  std::vector<std::int64_t> offsets;
};

/// Equal slices of `length` elements, one a rank; the last may be shorter or empty.
Pieces equal_slices(std::int64_t length, int ranks);

/// All calls are collective, and made by one thread at a time. Tensors are one-dimensional, contiguous, float32 or
/// bfloat16, on the collective's device; all are filled when the call returns (MPI) or in the order of the current
/// stream (NCCL).
class Collective {
 public:
  virtual ~Collective() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Every rank gets the root's values.
  virtual void broadcast(const at::Tensor& values, int root) = 0;

  /// Sends piece `rank` of `from` to each rank and receives each rank's piece into `to`.
  virtual void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) = 0;

  /// Piece r of `values`, of its equal slices, is rank r's; afterwards every rank has all pieces. In place.
  virtual void gather_all(const at::Tensor& values, const Pieces& pieces) = 0;

  /// Element-wise sum over ranks of float32 values in the library's own order, which may differ between numbers of
  /// ranks. In place.
  virtual void sum(const at::Tensor& values) = 0;

  /// Whether somebody waits for the calls that are being made: else they leave the cores to those who compute. Callable
  /// from any thread. Nothing where the device waits.
  virtual void set_awaited(bool) {}
};

/// The collective for tensors on `device`. `world` is borrowed.
/// @throws Error{usage} for a GPU where this program was built without CUDA.
std::unique_ptr<Collective> make_collective(const Communicator& world, at::Device device);

/// This rank by itself, for whom every call is done at once.
std::unique_ptr<Collective> make_solo_collective();

/// Whether make_collective can serve GPUs.
bool is_built_with_cuda();

}  // namespace eoshard::train
