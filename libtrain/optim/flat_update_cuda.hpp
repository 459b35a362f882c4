// FlatUpdate on a GPU: the same arithmetic in a handful of launches for all tensors together.
#pragma once

#include <memory>
#include <vector>

#include "libtrain/optim/update_rules.hpp"

namespace eoshard::train {

class FlatUpdateCuda {
 public:
  /// Puts the tables of places on the current device.
  FlatUpdateCuda(const UpdateOptions& options, const std::vector<UpdatePlace>& places);
  ~FlatUpdateCuda();

  /// As FlatUpdate::apply, in the order of `stream` (a cudaStream_t); all vectors lie on the device.
  template <class Real>
  void apply(const FlatVectors<Real>& vectors, double rate, std::int64_t step, void* stream);

 private:
  struct Tables;
  UpdateOptions options_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace eoshard::train
