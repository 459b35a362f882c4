#include "libtrain/optim/optimizer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "libtrain/optim/flat_update.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "libtrain/optim/flat_update_cuda.hpp"
#endif

namespace eoshard::train {
namespace {

void for_each_block(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t block = first; block < last; ++block) work(block);
  });
}

template <class Real>
Real* data_of(const at::Tensor& values) {
  return values.defined() ? values.data_ptr<Real>() : nullptr;
}

}  // namespace

// The update where the tensors lie.
class Optimizer::Update {
 public:
  Update(const UpdateOptions& options, std::vector<UpdatePlace> places, at::Device device)
      : on_cpu_(options, std::move(places)), device_(device) {
#ifdef EOSHARD_HAVE_CUDA
    if (!device_.is_cuda()) return;
    const c10::cuda::CUDAGuard guard(device_);
    on_gpu_ = std::make_unique<FlatUpdateCuda>(options, on_cpu_.places());
#endif
  }

  template <class Real>
  void set_step(double rate, std::int64_t step) {
    rate_ = rate;
    step_ = step;
#ifdef EOSHARD_HAVE_CUDA
    if (!on_gpu_) return;
    const c10::cuda::CUDAGuard guard(device_);
    on_gpu_->set_step<Real>(rate, step, c10::cuda::getCurrentCUDAStream().stream());
#endif
  }

  template <class Real>
  void apply(const FlatVectors<Real>& vectors) {
#ifdef EOSHARD_HAVE_CUDA
    if (on_gpu_) {
      const c10::cuda::CUDAGuard guard(device_);
      return on_gpu_->apply(vectors, c10::cuda::getCurrentCUDAStream().stream());
    }
#endif
    TORCH_INTERNAL_ASSERT(device_.is_cpu());
    on_cpu_.apply(vectors, rate_, step_, for_each_block);
  }

 private:
  FlatUpdate on_cpu_;
  at::Device device_;
  double rate_ = 0;
  std::int64_t step_ = 1;
#ifdef EOSHARD_HAVE_CUDA
  std::unique_ptr<FlatUpdateCuda> on_gpu_;
#endif
};

Optimizer::Optimizer(const UpdateOptions& options, std::vector<UpdatePlace> places, at::Tensor weights,
                     at::Tensor gradients)
    : weights_(std::move(weights)), gradients_(std::move(gradients)) {
  const at::NoGradGuard no_gradients;
  const auto tensors = static_cast<std::int64_t>(places.size());
  if (has_first_moment(options)) first_ = at::zeros_like(weights_);
  if (has_second_moment(options)) second_ = at::zeros_like(weights_);
  if (has_tensor_moment(options)) tensor_second_ = at::zeros({tensors}, weights_.options().dtype(at::kDouble));
  if (options.ema_decay > 0) average_ = weights_.clone();
  update_ = std::make_unique<Update>(options, std::move(places), weights_.device());
}

Optimizer::~Optimizer() = default;

void Optimizer::set_step(double rate, std::int64_t step) {
  if (weights_.scalar_type() == at::kDouble) return update_->set_step<double>(rate, step);
  update_->set_step<float>(rate, step);
}

void Optimizer::spend(const at::Tensor& squared_norm) {
  if (weights_.scalar_type() == at::kDouble) return spend_in<double>(squared_norm);
  spend_in<float>(squared_norm);
}

template <class Real>
void Optimizer::spend_in(const at::Tensor& squared_norm) {
  const FlatVectors<Real> vectors{
      data_of<Real>(weights_),         data_of<Real>(gradients_), data_of<Real>(first_),        data_of<Real>(second_),
      data_of<double>(tensor_second_), data_of<Real>(average_),   data_of<double>(squared_norm)};
  update_->apply(vectors);
}

NamedTensors Optimizer::flat_state() const {
  NamedTensors state;
  if (first_.defined()) state.push_back({"momentum", first_});
  if (second_.defined()) state.push_back({"second_moment", second_});
  if (average_.defined()) state.push_back({"average", average_});
  return state;
}

NamedTensors Optimizer::tensor_state() const {
  NamedTensors state;
  if (tensor_second_.defined()) state.push_back({"tensor_moment", tensor_second_});
  return state;
}

at::Tensor squared_norm_on_device(const at::Tensor& values) {
  return at::linalg_vector_norm(values, 2, std::nullopt, /*keepdim=*/false, at::kDouble).square();
}

double squared_norm(const at::Tensor& values) {
  if (!values.is_cpu()) return squared_norm_on_device(values).item<double>();
  return squared_norm(values.const_data_ptr<float>(), values.numel(), for_each_block);
}

}  // namespace eoshard::train
