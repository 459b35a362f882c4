#include "libtrain/dist/rank_mean.hpp"

#include <ATen/ATen.h>

namespace eoshard::train {

// Every rank averages one slice over all ranks, then all gather the slices: nobody computes what another one computes.
void average_over_ranks(const at::Tensor& values, Collective& collective) {
  const int ranks = collective.size();
  if (ranks == 1 || values.numel() == 0) return;
  const auto me = static_cast<std::size_t>(collective.rank());
  const Pieces slices = equal_slices(values.numel(), ranks);
  const std::int64_t slice = slices.lengths[me];
  Pieces received;
  for (int rank = 0; rank < ranks; ++rank) {
    received.offsets.push_back(rank * slice);
    received.lengths.push_back(slice);
  }
  const at::Tensor parts = at::empty({ranks, slice}, values.options());
  collective.exchange(values, slices, parts.view(-1), received);
  if (slice > 0) values.narrow(0, slices.offsets[me], slice).copy_(parts.mean(0));
  collective.gather_all(values, slices);
}

}  // namespace eoshard::train
