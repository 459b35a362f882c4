#include "libtrain/batch_feed.hpp"

#include <utility>

namespace eoshard::train {

Batch BatchFeed::next() {
  if (fetched_) return *std::exchange(fetched_, std::nullopt);
  return loader_.next();
}

void BatchFeed::fetch_ahead() {
  if (!placer_.can_fetch() || fetched_ || !loader_.has_next()) return;
  fetched_ = loader_.next();
  placer_.fetch(*fetched_);
}

}  // namespace eoshard::train
