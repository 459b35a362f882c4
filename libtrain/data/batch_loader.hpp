// Streams batches of network input: background threads read, decode and transform samples ahead of the consumer.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "libtrain/data/sample_maker.hpp"
#include "libtrain/data/split_reader.hpp"

namespace eoshard::train {

struct SampleRequest {
  std::int64_t sample = 0;
  Orientation orientation;
  bool is_whole = true;   ///< of a batch: false where the sample that was asked for is damaged and skipped
  bool is_wanted = true;  ///< false: its place in the batch is left as it is, whoever asks has the sample already
};
using BatchRequest = std::vector<SampleRequest>;

/// One batch, valid until the next call of BatchLoader::next().
struct Batch {
  std::span<std::byte> images;  ///< the samples as the maker makes them, one after another
  std::span<const SampleRequest> samples;
};

/// Memory of so many bytes, which begins with a cache line; what it holds is undefined. @throws std::bad_alloc
using BatchMemory = std::function<std::shared_ptr<std::byte[]>(std::size_t bytes)>;

/// Memory in huge pages where the kernel has them.
std::shared_ptr<std::byte[]> huge_pages(std::size_t bytes);

/// What a batch holds in the place of a damaged sample that the split skips.
enum class DamagedPlace {
  substitute,  ///< the next whole one of its own request, so that the batch is the same whoever makes it
  zeros,       ///< for those who leave it out
};

class BatchLoader {
 public:
  struct Options {
    int threads = 1;
    std::size_t ring_batches = 3;  ///< batches in memory: one with the consumer, the others made ahead
    DamagedPlace damaged_place = DamagedPlace::substitute;
    BatchMemory memory = huge_pages;
  };

  /// `split` and `maker` are borrowed for the loader's life. Batches come in the order of `requests`.
  BatchLoader(const SplitReader& split, const SampleMaker& maker, std::vector<BatchRequest> requests,
              const Options& options);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// The next batch; waits for it. Must not be called more often than there are requests.
  /// @throws what reading one of its samples threw.
  Batch next();

  bool has_next() const { return handed_out_ < requests_.size(); }

  /// Seconds that next() has waited so far.
  double wait_s() const { return wait_s_; }

 private:
  struct Slot {
    std::shared_ptr<std::byte[]> images;
    BatchRequest samples;     // what was asked for, with substitutes in place
    std::size_t pending = 0;  // samples not made yet
    std::exception_ptr error;
  };
  struct Task {
    std::size_t batch = 0;
    std::size_t sample = 0;
  };

  void work();
  bool take(Task& task);
  std::int64_t read_substitute(const Task& task, SplitReader::SampleBuffer& buffer) const;
  void make_sample(const Task& task, SplitReader::SampleBuffer& buffer, std::vector<float>& scratch);
  void finish(const Task& task, const std::exception_ptr& error);
  Slot& slot_of(std::size_t batch) { return ring_[batch % ring_.size()]; }
  bool is_room_for(std::size_t batch) const { return batch < released_ + ring_.size(); }

  const SplitReader& split_;
  const SampleMaker& maker_;
  const std::size_t sample_bytes_;
  const std::vector<BatchRequest> requests_;
  const DamagedPlace damaged_place_;
  std::vector<Slot> ring_;

  std::mutex mutex_;
  std::condition_variable room_, ready_;
  Task next_task_;
  std::size_t released_ = 0;  // batches that the consumer is done with
  std::size_t handed_out_ = 0;
  bool is_stopping_ = false;
  double wait_s_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace eoshard::train
