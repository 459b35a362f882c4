// A bounded queue between the thread that talks to MPI and the threads that pack.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace eoshard::ingest {

/// Thread-safe. A side that waits is woken when the other has put something into the empty queue, or has taken half of
/// a full one: not for each item. One side pushes until it closes the queue; the other takes until there is nothing
/// left, or gives up.
template <class Item>
class ItemQueue {
 public:
  explicit ItemQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. Does nothing when the taking side has given up.
  void push(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_.size() < capacity_ || is_abandoned_; });
    if (is_abandoned_) return;
    items_.push_back(std::move(item));
    if (items_.size() == 1) changed_.notify_all();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

  /// Waits for an item; nothing once the queue is closed and empty.
  std::optional<Item> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !items_.empty() || is_closed_; });
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    if (items_.size() == capacity_ / 2) changed_.notify_all();
    return item;
  }

  /// Nothing more will be taken.
  void abandon() {
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
    items_.clear();
    changed_.notify_all();
  }

 private:
  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool is_closed_ = false;
  bool is_abandoned_ = false;
};

}  // namespace eoshard::ingest
