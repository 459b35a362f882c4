// A run's state on disk: everything that the next step depends on, in a file that is whole or absent, and checked.
//
// A checkpoint is a safetensors file followed by a trailer of 12 bytes: "EOSHARD1" and the CRC-32C of all that precedes
// the trailer, little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libingest/core/log.hpp"
#include "libtrain/checkpoint/safetensors.hpp"

namespace eoshard::train {

/// Where a run stands; the tensors are beside it in the checkpoint.
struct TrainingPosition {
  std::int64_t epoch = 0;          ///< epochs that are finished, evaluation included
  std::int64_t step_in_epoch = 0;  ///< steps taken in the epoch after those
  std::int64_t step = 0;           ///< steps taken in all
  double loss_sum = 0;             ///< of the steps taken in this epoch
  double noise_sum = 0;            ///< of the gradient noise scale's numerators and denominators in this epoch
  double signal_sum = 0;
  double best_f1_micro = -1;  ///< on validation; below 0 before the first evaluation
  std::int64_t best_epoch = 0;
  double loss_scale = 0;              ///< of the next step, with --precision fp16; else 0
  std::int64_t scale_steps = 0;       ///< since it changed
  std::vector<std::int64_t> damaged;  ///< samples of the training split that were skipped so far, in rising order
  std::string experiment_hash;
  std::int64_t micro_batch_size = 0;
};

/// One line of JSON, and back. @throws Error{input} for something else.
std::string position_to_json(const TrainingPosition& position);
TrainingPosition position_from_json(const std::string& text);

struct Checkpoint {
  TrainingPosition position;
  NamedTensors tensors;
};

/// Copies of `tensors` on the CPU, row-major, beside `position`.
Checkpoint take_snapshot(const TrainingPosition& position, const NamedTensors& tensors);

/// Writes checkpoints/step-<step>.ckpt through a temporary file, forces it to disk, and deletes all but the newest
/// `keep` of those up to this step. Later ones, which the run cannot have gone on from, are left alone.
/// @throws Error{io}
void save_checkpoint(const std::filesystem::path& run, const Checkpoint& checkpoint, std::int64_t keep);

/// The newest checkpoint whose checksum is right. Newer ones, which cannot be read, are named in a warning and renamed
/// to step-<step>.ckpt.unreadable, so that they count no more among those that are kept. Empty without any.
std::optional<Checkpoint> load_newest_checkpoint(const std::filesystem::path& run, const Log& log);

/// Path of the newest checkpoint by name; empty without any.
std::filesystem::path newest_checkpoint_path(const std::filesystem::path& run);

/// One checkpoint by its path. @throws Error{input} when it is damaged.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace eoshard::train
