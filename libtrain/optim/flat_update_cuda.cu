#include <cuda_runtime.h>

#include "libtrain/core/device_array.cuh"
#include "libtrain/optim/flat_update.hpp"
#include "libtrain/optim/flat_update_cuda.hpp"

namespace eoshard::train {
namespace {

constexpr int kThreads = 256;                   // of blocks that sum or settle
constexpr int kUpdateThreads = 512;             // of blocks that update: more of them keep the memory busy
constexpr std::int64_t kBlockElements = 65536;  // of one tensor, for one thread block

// Sum over the thread block in a fixed order; the result is in thread 0.
__device__ double block_sum(double value) {
  __shared__ double shared[kThreads];
  shared[threadIdx.x] = value;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  const double sum = shared[0];
  __syncthreads();
  return sum;
}

template <class Real>
__global__ void sum_squares(const UpdateBlock* blocks, const Real* weights, const Real* updates, TensorNorms* partial) {
  const UpdateBlock block = blocks[blockIdx.x];
  double weight = 0, update = 0;
  for (std::int64_t index = block.first + threadIdx.x; index < block.last; index += kThreads) {
    weight += static_cast<double>(weights[index]) * static_cast<double>(weights[index]);
    update += static_cast<double>(updates[index]) * static_cast<double>(updates[index]);
  }
  weight = block_sum(weight);
  update = block_sum(update);
  if (threadIdx.x == 0) partial[blockIdx.x] = {weight, update};
}

// One thread block: each tensor's sums from its blocks, in order.
__global__ void join_norms(const UpdateBlock* blocks, std::int64_t block_count, const TensorNorms* partial,
                           TensorNorms* norms, std::int64_t tensors) {
  for (std::int64_t tensor = threadIdx.x; tensor < tensors; tensor += kThreads) norms[tensor] = {0, 0};
  __syncthreads();
  for (std::int64_t block = 0; block < block_count; ++block) {
    const std::int64_t tensor = blocks[block].tensor;
    if (tensor % kThreads != threadIdx.x) continue;
    norms[tensor].weight += partial[block].weight;
    norms[tensor].update += partial[block].update;
  }
}

// One thread: an argument of the launch becomes what later launches read.
template <class Real>
__global__ void keep(UpdateScalars<Real> values, UpdateScalars<Real>* kept) {
  *kept = values;
}

// One thread block: clipping and each tensor's scalars.
template <class Real>
__global__ void settle(UpdateOptions options, const UpdateScalars<Real>* common, const UpdatePlace* places,
                       const TensorNorms* norms, FlatVectors<Real> v, UpdateScalars<Real>* scalars,
                       std::int64_t tensors) {
  if (!is_step_taken(v)) return;
  double total = 0;
  for (std::int64_t tensor = 0; tensor < tensors; ++tensor) total += norms[tensor].update;
  const double clip = clip_factor(options, total);
  for (std::int64_t tensor = threadIdx.x; tensor < tensors; tensor += kThreads) {
    scalars[tensor] = *common;
    double* const moment = v.tensor_second == nullptr ? nullptr : v.tensor_second + tensor;
    settle_tensor(options, places[tensor], norms[tensor], clip, moment, scalars[tensor]);
  }
}

template <class Real>
__global__ void settle_lamb(const UpdatePlace* places, const TensorNorms* norms, UpdateScalars<Real>* scalars,
                            std::int64_t tensors) {
  for (std::int64_t tensor = threadIdx.x; tensor < tensors; tensor += kThreads) {
    if (places[tensor].is_adapted) scalars[tensor].ratio = static_cast<Real>(lamb_ratio(norms[tensor]));
  }
}

// Calls update(scalars, index) for this thread's elements of its block, then moves the averaged weights.
template <class Real, class Update>
__device__ void visit(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars, const FlatVectors<Real>& v,
                      bool is_final, const Update& update) {
  if (!is_step_taken(v)) return;
  const UpdateBlock block = blocks[blockIdx.x];
  const UpdateScalars<Real> s = scalars[block.tensor];
  for (std::int64_t index = block.first + threadIdx.x; index < block.last; index += kUpdateThreads) {
    update(s, index);
    if (is_final && v.average != nullptr) follow_weight(s, v.weights[index], v.average[index]);
  }
}

template <class Real>
__global__ void update_adam(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars, FlatVectors<Real> v) {
  visit(blocks, scalars, v, true, [&](const UpdateScalars<Real>& s, std::int64_t i) {
    update_adamw(s, v.weights[i], v.gradients[i], v.first[i], v.second[i]);
  });
}

template <class Real>
__global__ void update_nova(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars, FlatVectors<Real> v) {
  visit(blocks, scalars, v, true, [&](const UpdateScalars<Real>& s, std::int64_t i) {
    update_novograd(s, v.weights[i], v.gradients[i], v.first[i]);
  });
}

template <bool Nesterov, bool RateInside, class Real>
__global__ void update_velocity(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars, FlatVectors<Real> v) {
  visit(blocks, scalars, v, true, [&](const UpdateScalars<Real>& s, std::int64_t i) {
    update_momentum<Nesterov, RateInside>(s, v.weights[i], v.gradients[i], v.first[i]);
  });
}

template <class Real>
__global__ void update_without_velocity(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars,
                                        FlatVectors<Real> v) {
  visit(blocks, scalars, v, true,
        [&](const UpdateScalars<Real>& s, std::int64_t i) { update_plain(s, v.weights[i], v.gradients[i]); });
}

template <class Real>
__global__ void direct_lamb(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars, FlatVectors<Real> v) {
  visit(blocks, scalars, v, false, [&](const UpdateScalars<Real>& s, std::int64_t i) {
    v.gradients[i] = lamb_direction(s, v.weights[i], v.gradients[i], v.first[i], v.second[i]);
  });
}

template <class Real>
__global__ void apply_lamb(const UpdateBlock* blocks, const UpdateScalars<Real>* scalars, FlatVectors<Real> v) {
  visit(blocks, scalars, v, true,
        [&](const UpdateScalars<Real>& s, std::int64_t i) { v.weights[i] -= s.rate * s.ratio * v.gradients[i]; });
}

template <class Real>
using UpdateKernel = void (*)(const UpdateBlock*, const UpdateScalars<Real>*, FlatVectors<Real>);

template <class Real>
UpdateKernel<Real> choose_kernel(const UpdateOptions& options) {
  if (options.rule == UpdateRule::adamw) return update_adam<Real>;
  if (options.rule == UpdateRule::novograd) return update_nova<Real>;
  if (options.momentum == 0) return update_without_velocity<Real>;
  if (options.is_rate_inside)
    return options.nesterov ? update_velocity<true, true, Real> : update_velocity<false, true, Real>;
  return options.nesterov ? update_velocity<true, false, Real> : update_velocity<false, false, Real>;
}

}  // namespace

struct FlatUpdateCuda::Tables {
  explicit Tables(const std::vector<UpdatePlace>& all) : Tables(all, cut_blocks(all, kBlockElements)) {}
  Tables(const std::vector<UpdatePlace>& all, const std::vector<UpdateBlock>& cut)
      : tensors(static_cast<std::int64_t>(all.size())),
        block_count(static_cast<std::int64_t>(cut.size())),
        places(all),
        blocks(cut),
        partial(cut.size()),
        norms(std::vector<TensorNorms>(all.size())),
        common(1),
        scalars(all.size()) {}

  std::int64_t tensors, block_count;
  DeviceArray<UpdatePlace> places;
  DeviceArray<UpdateBlock> blocks;
  DeviceArray<TensorNorms> partial, norms;
  DeviceArray<UpdateScalars<double>> common, scalars;  // room for either type
};

FlatUpdateCuda::FlatUpdateCuda(const UpdateOptions& options, const std::vector<UpdatePlace>& places)
    : options_(options), tables_(std::make_unique<Tables>(places)) {}

FlatUpdateCuda::~FlatUpdateCuda() = default;

template <class Real>
void FlatUpdateCuda::set_step(double rate, std::int64_t step, void* stream) {
  auto* const common = reinterpret_cast<UpdateScalars<Real>*>(tables_->common.get());
  keep<<<1, 1, 0, static_cast<cudaStream_t>(stream)>>>(common_scalars<Real>(options_, rate, step), common);
  check_cuda(cudaGetLastError(), "the launch of a step's numbers");
}

template <class Real>
void FlatUpdateCuda::apply(const FlatVectors<Real>& v, void* stream_of_caller) {
  const auto stream = static_cast<cudaStream_t>(stream_of_caller);
  const Tables& t = *tables_;
  auto* const scalars = reinterpret_cast<UpdateScalars<Real>*>(t.scalars.get());
  const auto grid = static_cast<unsigned>(t.block_count);
  const auto measure = [&] {
    sum_squares<<<grid, kThreads, 0, stream>>>(t.blocks.get(), v.weights, v.gradients, t.partial.get());
    join_norms<<<1, kThreads, 0, stream>>>(t.blocks.get(), t.block_count, t.partial.get(), t.norms.get(), t.tensors);
  };
  if (needs_norms(options_)) measure();
  settle<<<1, kThreads, 0, stream>>>(options_, reinterpret_cast<const UpdateScalars<Real>*>(t.common.get()),
                                     t.places.get(), t.norms.get(), v, scalars, t.tensors);
  if (options_.rule == UpdateRule::lamb) {
    direct_lamb<<<grid, kUpdateThreads, 0, stream>>>(t.blocks.get(), scalars, v);
    measure();
    settle_lamb<<<1, kThreads, 0, stream>>>(t.places.get(), t.norms.get(), scalars, t.tensors);
    apply_lamb<<<grid, kUpdateThreads, 0, stream>>>(t.blocks.get(), scalars, v);
  } else {
    choose_kernel<Real>(options_)<<<grid, kUpdateThreads, 0, stream>>>(t.blocks.get(), scalars, v);
  }
  check_cuda(cudaGetLastError(), "the optimizer's launch");
}

template void FlatUpdateCuda::set_step<float>(double, std::int64_t, void*);
template void FlatUpdateCuda::set_step<double>(double, std::int64_t, void*);
template void FlatUpdateCuda::apply<float>(const FlatVectors<float>&, void*);
template void FlatUpdateCuda::apply<double>(const FlatVectors<double>&, void*);

}  // namespace eoshard::train
