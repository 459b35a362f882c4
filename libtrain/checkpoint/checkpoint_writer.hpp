// Writes checkpoints aside, on a thread of its own, while training goes on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "libingest/core/log.hpp"
#include "libtrain/checkpoint/checkpoint.hpp"

namespace eoshard::train {

/// Files are written one at a time, through a temporary file, so that a write that is cut short leaves the one before
/// it. For one thread.
class CheckpointWriter {
 public:
  /// What is written together: the best weights so far, where they are new, before the state that knows of them.
  struct Files {
    std::optional<Checkpoint> best;
    Checkpoint state;
  };

  /// `log` is borrowed. Deletes what a killed write has left in the run's folder of checkpoints.
  CheckpointWriter(std::filesystem::path run, std::int64_t keep, const Log& log);
  /// Waits for the write under way.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Waits for the write before, and begins this one. The tensors are the writer's: give it copies. A write that fails
  /// is warned of: earlier checkpoints are as they were, and training may go on. Best weights that could not be written
  /// are tried again with the next files, unless those bring better ones.
  void begin(Files files);

  /// Waits for the write under way. Empty when the last one went well, else why it did not.
  std::string finish();

  /// The best weights so far, after finish(): what could not be written, else what the file holds.
  /// @throws Error{io|input} for a file that cannot be read
  Checkpoint best() const;

 private:
  void work();
  void write(Files& files);

  const std::filesystem::path run_;
  const std::int64_t keep_;
  const Log& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Files> wanted_;  // until it is written
  std::optional<Checkpoint> unwritten_best_;
  std::string failure_;  // of the last write
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace eoshard::train
