#include "libtrain/checkpoint/checkpoint_writer.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "libingest/core/error.hpp"
#include "libtrain/checkpoint/run_folder.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;

void delete_unfinished(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".tmp") fs::remove(entry.path(), ignored);
  }
}

}  // namespace

CheckpointWriter::CheckpointWriter(fs::path run, std::int64_t keep, const Log& log)
    : run_(std::move(run)), keep_(keep), log_(log) {
  delete_unfinished(run_ / kCheckpointFolder);
  thread_ = std::thread([this] { work(); });
}

CheckpointWriter::~CheckpointWriter() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CheckpointWriter::begin(Files files) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !wanted_; });
  wanted_ = std::move(files);
  changed_.notify_all();
}

std::string CheckpointWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !wanted_; });
  return failure_;
}

void CheckpointWriter::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return wanted_ || is_stopping_; });
    if (!wanted_) return;
    lock.unlock();
    std::string failure;
    try {
      write(*wanted_);
    } catch (const std::exception& error) {
      failure = reason_of(error);
    }
    if (!failure.empty()) {
      log_.warning(
          fmt::format("CHECKPOINT NOT SAVED at step {}: {}. Training goes on; earlier checkpoints are as they "
                      "were. Make room in {}",
                      wanted_->state.position.step, failure, (run_ / kCheckpointFolder).string()));
    }
    lock.lock();
    failure_ = failure;
    wanted_.reset();
    changed_.notify_all();
  }
}

void CheckpointWriter::write(Files& files) {
  if (files.best) unwritten_best_ = std::move(files.best);
  fs::create_directories(run_ / kCheckpointFolder);
  if (unwritten_best_) write_checkpoint(run_ / kBestName, *unwritten_best_);
  unwritten_best_.reset();
  save_checkpoint(run_, files.state, keep_);
}

Checkpoint CheckpointWriter::best() const {
  return unwritten_best_ ? *unwritten_best_ : read_checkpoint(run_ / kBestName);
}

}  // namespace eoshard::train
