// A loader's batches, one after another, the next of which is brought to a GPU while that computes.
#pragma once

#include <optional>

#include "libtrain/batch_placer.hpp"
#include "libtrain/data/batch_loader.hpp"

namespace eoshard::train {

class BatchFeed {
 public:
  /// Both are borrowed.
  BatchFeed(BatchLoader& loader, BatchPlacer& placer) : loader_(loader), placer_(placer) {}

  /// The loader's next batch, to be placed before anything else is called here.
  Batch next();

  /// Begins to bring the batch that comes next to the device, if there is one: called when all work on the batch before
  /// is queued, and before that is waited for. Nothing to do on a CPU.
  void fetch_ahead();

 private:
  BatchLoader& loader_;
  BatchPlacer& placer_;
  std::optional<Batch> fetched_;
};

}  // namespace eoshard::train
