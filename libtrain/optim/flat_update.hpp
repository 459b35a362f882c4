// One optimizer step over flat vectors: weights, gradients and moments of all tensors, each one vector.
//
// Work is cut into blocks of elements of one tensor. Norms are sums over blocks in a fixed order, in float64, so that
// the result does not depend on the number of threads. SGD and AdamW take one pass; LARS, NovoGrad and clipping one
// more over the gradients, LAMB one more over what it is about to subtract.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "libtrain/optim/update_rules.hpp"

namespace eoshard::train {

/// @throws Error{usage} unless `name` is sgd, lars, lamb, novograd or adamw.
UpdateRule parse_update_rule(std::string_view name);

/// Which of the vectors a rule needs besides weights and gradients.
bool has_first_moment(const UpdateOptions& options);
bool has_second_moment(const UpdateOptions& options);
bool has_tensor_moment(const UpdateOptions& options);

/// Whether the rule looks at norms before it updates.
bool needs_norms(const UpdateOptions& options);

/// Elements [first, last) of one tensor.
struct UpdateBlock {
  std::int64_t tensor = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};
/// The places cut into blocks of at most `length` elements, in order.
std::vector<UpdateBlock> cut_blocks(const std::vector<UpdatePlace>& places, std::int64_t length);

/// What all tensors have in common in step number `step`, counted from 1.
template <class Real>
UpdateScalars<Real> common_scalars(const UpdateOptions& options, double rate, std::int64_t step);

/// Calls work(block) for every block of 0 … count-1, in any order and in parallel.
using ParallelBlocks = std::function<void(std::int64_t count, const std::function<void(std::int64_t)>& work)>;

class FlatUpdate {
 public:
  static constexpr std::int64_t kBlock = 16384;

  FlatUpdate(const UpdateOptions& options, std::vector<UpdatePlace> places);

  /// Step number `step`, counted from 1, with rate η. LAMB leaves its direction in the gradients.
  template <class Real>
  void apply(const FlatVectors<Real>& vectors, double rate, std::int64_t step, const ParallelBlocks& parallel) const;

  const UpdateOptions& options() const { return options_; }
  const std::vector<UpdatePlace>& places() const { return places_; }

 private:
  template <class Real>
  std::vector<TensorNorms> norms(const FlatVectors<Real>& vectors, const ParallelBlocks& parallel) const;
  template <class Real>
  std::vector<UpdateScalars<Real>> settle(const FlatVectors<Real>& vectors, double rate, std::int64_t step,
                                          const std::vector<TensorNorms>& sums) const;
  template <class Real>
  void run_lamb(const FlatVectors<Real>& vectors, std::vector<UpdateScalars<Real>> scalars,
                const ParallelBlocks& parallel) const;
  template <class Work>
  void for_each_block(const ParallelBlocks& parallel, const Work& work) const;

  UpdateOptions options_;
  std::vector<UpdatePlace> places_;
  std::vector<UpdateBlock> blocks_;
};

/// Sum of squares of all elements, in a fixed order.
template <class Real>
double squared_norm(const Real* values, std::int64_t length, const ParallelBlocks& parallel);

}  // namespace eoshard::train
