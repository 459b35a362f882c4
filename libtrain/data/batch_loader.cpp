#include "libtrain/data/batch_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <new>

#include "libingest/core/allocation.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::train {

std::shared_ptr<std::byte[]> huge_pages(std::size_t bytes) {
  constexpr std::align_val_t kAlignment{kHugePageBytes};
  const std::shared_ptr<std::byte[]> memory(static_cast<std::byte*>(::operator new[](bytes, kAlignment)),
                                            [=](std::byte* data) { ::operator delete[](data, kAlignment); });
  ask_for_huge_pages(memory.get(), bytes / kHugePageBytes * kHugePageBytes);
  return memory;
}

BatchLoader::BatchLoader(const SplitReader& split, const SampleMaker& maker, std::vector<BatchRequest> requests,
                         const Options& options)
    : split_(split),
      maker_(maker),
      sample_bytes_(maker.bytes()),
      requests_(std::move(requests)),
      damaged_place_(options.damaged_place),
      ring_(std::min(std::max<std::size_t>(options.ring_batches, 2), requests_.size() + 1)) {
  std::size_t most = 0;
  for (const BatchRequest& request : requests_) most = std::max(most, request.size());
  for (std::size_t batch = 0; batch < std::min(ring_.size(), requests_.size()); ++batch) {
    slot_of(batch).images = options.memory(most * sample_bytes_);
    slot_of(batch).pending = requests_[batch].size();
  }
  for (int thread = 0; thread < std::max(1, options.threads); ++thread) threads_.emplace_back([this] { work(); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Batch BatchLoader::next() {
  assert(handed_out_ < requests_.size());
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  if (handed_out_ > released_) {  // the batch that the consumer held until now
    const std::size_t reused_by = released_ + ring_.size();
    slot_of(released_).pending = reused_by < requests_.size() ? requests_[reused_by].size() : 0;
    ++released_;
    room_.notify_all();
  }
  Slot& slot = slot_of(handed_out_);
  ready_.wait(lock, [&] { return slot.pending == 0; });
  wait_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (slot.error) std::rethrow_exception(slot.error);
  const BatchRequest& request = requests_[handed_out_++];
  return {{slot.images.get(), request.size() * sample_bytes_}, slot.samples};
}

void BatchLoader::work() {
  SplitReader::SampleBuffer buffer = split_.make_buffer();
  std::vector<float> scratch;
  Task task;
  while (take(task)) {
    std::exception_ptr error;
    try {
      make_sample(task, buffer, scratch);
    } catch (...) {
      error = std::current_exception();
    }
    finish(task, error);
  }
}

// Hands out samples in order, as long as there is room in the ring.
bool BatchLoader::take(Task& task) {
  std::unique_lock lock(mutex_);
  room_.wait(lock,
             [&] { return is_stopping_ || next_task_.batch == requests_.size() || is_room_for(next_task_.batch); });
  if (is_stopping_ || next_task_.batch == requests_.size()) return false;
  task = next_task_;
  if (task.sample == 0) slot_of(task.batch).samples = requests_[task.batch];
  if (++next_task_.sample == requests_[task.batch].size()) next_task_ = {task.batch + 1, 0};
  return true;
}

// The first whole sample of the request behind a damaged one.
std::int64_t BatchLoader::read_substitute(const Task& task, SplitReader::SampleBuffer& buffer) const {
  const BatchRequest& request = requests_[task.batch];
  for (std::size_t behind = 1; behind < request.size(); ++behind) {
    const std::int64_t sample = request[(task.sample + behind) % request.size()].sample;
    if (split_.read_whole(sample, buffer)) return sample;
  }
  throw Error(ErrorKind::input, fmt::format("all {} samples of a micro-batch are damaged, {} among them: there is "
                                            "nothing to put in their place; eoshard-info --verify lists the damage",
                                            request.size(), split_.describe(request[task.sample].sample)));
}

void BatchLoader::make_sample(const Task& task, SplitReader::SampleBuffer& buffer, std::vector<float>& scratch) {
  Slot& slot = slot_of(task.batch);
  SampleRequest& sample = slot.samples[task.sample];
  if (!sample.is_wanted) return;
  const std::span<std::byte> image(slot.images.get() + task.sample * sample_bytes_, sample_bytes_);
  sample.is_whole = split_.read_whole(sample.sample, buffer);
  if (!sample.is_whole) {
    if (damaged_place_ == DamagedPlace::zeros) {
      std::ranges::fill(image, std::byte{0});
      return;
    }
    sample.sample = read_substitute(task, buffer);
  }
  maker_.apply(buffer.arrays, sample.orientation, image, scratch);
}

void BatchLoader::finish(const Task& task, const std::exception_ptr& error) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slot_of(task.batch);
  if (error && !slot.error) slot.error = error;
  if (--slot.pending == 0) ready_.notify_all();
}

}  // namespace eoshard::train
