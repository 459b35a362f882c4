// Which batches are brought to a device ahead of their turn.
#include "libtrain/batch_feed.hpp"

#include <gtest/gtest.h>

#include "libtrain/data/stored_batch.hpp"
#include "tests/support/synthetic_dataset.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::train {
namespace {

constexpr std::int64_t kBatches = 5;

// Keeps the sample of each batch that is fetched.
class NotingPlacer final : public BatchPlacer {
 public:
  NotingPlacer(const InputSpec& input, bool can_fetch) : maker_(StoredLayout(input)), can_fetch_(can_fetch) {}
  const SampleMaker& maker() const override { return maker_; }
  bool can_fetch() const override { return can_fetch_; }
  void fetch(const Batch& batch) override { fetched.push_back(batch.samples.front().sample); }
  DeviceBatch place(const Batch&, const std::optional<Mixing>&) override { return {}; }

  std::vector<std::int64_t> fetched;

 private:
  StoredSamples maker_;
  bool can_fetch_;
};

// Fetches ahead behind some of the batches; all come in their order.
std::vector<std::int64_t> fetched_ahead(bool can_fetch) {
  const TemporaryFolder folder;
  ingest::SyntheticDataset wanted;
  wanted.train = kBatches;
  wanted.arrays = {{"data", 0, {"red", "nir"}, {2, 6, 4}, "uint8"}};
  ingest::write_synthetic_dataset(folder.path(), wanted);
  const ingest::DatasetManifest manifest = ingest::read_manifest(folder.path());
  const InputSpec input = make_input_spec(manifest, {});
  const SplitReader split(folder.path(), manifest, "train", input);
  NotingPlacer placer(input, can_fetch);
  BatchLoader loader(split, placer.maker(), {{{0, {}}}, {{1, {}}}, {{2, {}}}, {{3, {}}}, {{4, {}}}}, {2, 2});
  BatchFeed feed(loader, placer);
  for (std::int64_t batch = 0; batch < kBatches; ++batch) {
    EXPECT_EQ(feed.next().samples.front().sample, batch);
    if (batch == 1) continue;
    feed.fetch_ahead();
    feed.fetch_ahead();  // fetches no more than the next one
  }
  return placer.fetched;
}

TEST(BatchFeed, FetchesTheNextBatchWhereAPlacerCan) {
  EXPECT_EQ(fetched_ahead(true), (std::vector<std::int64_t>{1, 3, 4}));
  EXPECT_EQ(fetched_ahead(false), std::vector<std::int64_t>());
}

}  // namespace
}  // namespace eoshard::train
