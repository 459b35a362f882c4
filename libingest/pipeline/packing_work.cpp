#include "libingest/pipeline/packing_work.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <limits>
#include <thread>

#include "libingest/core/byte_stream.hpp"
#include "libingest/core/error.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/pipeline/item_queue.hpp"

namespace eoshard::ingest {
namespace {

// What the root sends to each rank at a time: enough to keep it busy while the next is read.
constexpr std::size_t kRoundItems = 64;
constexpr std::size_t kRoundBytes = std::size_t{8} << 20;

void show(const ProgressCallback& progress, std::uint64_t done, std::uint64_t total) {
  if (progress) progress({"pack", done, total, "samples", ""});
}

// --- which error is told

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

// The sample at which a rank's packing, or the reading of an archive, failed.
struct Failure {
  std::uint64_t number = kNone;
  std::exception_ptr error;
};

std::uint64_t least_of_ranks(const Communicator& world, std::uint64_t number) {
  const std::vector<std::uint64_t> all = world.all_gather(std::span<const std::uint64_t>(&number, 1));
  return *std::min_element(all.begin(), all.end());
}

// Throws the first of all ranks' failures on all, if there is one. Collective.
void throw_first(const Failure& failure, const Communicator& world) {
  const std::uint64_t first = least_of_ranks(world, failure.number);
  world.agree([&] {
    if (failure.number == first && failure.error) std::rethrow_exception(failure.error);
  });
}

// --- catalogues

// The samples of groups one after the other, from a number on and up to another.
class GroupReader {
 public:
  explicit GroupReader(const std::vector<PackGroup>& groups, std::uint64_t begin = 0, std::uint64_t end = kNone)
      : groups_(groups), begin_(begin), end_(end) {}

  std::optional<PackItem> next() {
    for (;;) {
      while (item_ < items_.size() && items_[item_].number < begin_) ++item_;
      if (item_ < items_.size() && items_[item_].number >= end_) return std::nullopt;
      if (item_ < items_.size()) return std::move(items_[item_++]);
      while (group_ < groups_.size() && groups_[group_].first + groups_[group_].samples <= begin_) ++group_;
      if (group_ == groups_.size()) return std::nullopt;
      items_ = parse_items(groups_[group_++].items);
      item_ = 0;
    }
  }

 private:
  const std::vector<PackGroup>& groups_;
  std::uint64_t begin_, end_;
  std::size_t group_ = 0;  // the next
  std::vector<PackItem> items_;
  std::size_t item_ = 0;
};

void append(PackedItem& item, SamplePartWriter& part) {
  if (item.left_out) return part.leave_out(std::move(*item.left_out));
  part.append(std::move(item.key), item.classes, item.row, item.encoded);
}

// A rank's groups become parts of the same numbers.
class CatalogueWork {
 public:
  CatalogueWork(const std::vector<PackGroup>& own, const BeginPart& begin_part, const SamplePacker& packer)
      : own_(own), begin_part_(begin_part), packer_(packer) {}

  void run(Watch& watch) {
    GroupReader reader(own_);
    const auto take = [&](PackedItem& item) {
      watch.check();
      behind_ = item.number + 1;
      if (item.failure) fail(item);
      write(item);
      watch.add(0, 1);
    };
    packer_.pack([&] { return reader.next(); }, take);
  }

  const Failure& failure() const { return failure_; }

  /// Whether one of the samples before `end` is damaged that were not reached yet.
  void look_for_failure_before(std::uint64_t end) {
    GroupReader reader(own_, behind_, end);
    bool is_found = false;
    const auto next = [&] { return is_found ? std::nullopt : reader.next(); };
    packer_.pack(next, [&](PackedItem& item) {
      if (is_found || !item.failure) return;
      is_found = true;
      failure_ = {item.number, item.failure};
    });
  }

 private:
  [[noreturn]] void fail(const PackedItem& item) {
    failure_ = {item.number, item.failure};
    std::rethrow_exception(item.failure);
  }

  void write(PackedItem& item) {
    const PackGroup& group = own_[group_];
    if (!part_) part_ = begin_part_(group.part, item.split);
    append(item, *part_);
    if (item.number + 1 < group.first + group.samples) return;
    part_->close();
    part_.reset();
    ++group_;
  }

  const std::vector<PackGroup>& own_;
  const BeginPart& begin_part_;
  const SamplePacker& packer_;
  std::size_t group_ = 0;
  std::unique_ptr<SamplePartWriter> part_;
  std::uint64_t behind_ = 0;  // all samples below it have been looked at
  Failure failure_;
};

// --- streams

// Packs what is pushed, on a thread of its own, into a part for each split, one after the other.
class BackgroundPacking {
 public:
  using NumberOfPart = std::function<std::size_t(std::size_t)>;  // of this rank's first, second, ... part

  BackgroundPacking(const SamplePacker& packer, const BeginPart& begin_part, NumberOfPart number)
      : packer_(packer), begin_part_(begin_part), number_of_part_(std::move(number)), thread_([this] { run(); }) {}

  ~BackgroundPacking() { finish(); }
  BackgroundPacking(const BackgroundPacking&) = delete;
  BackgroundPacking& operator=(const BackgroundPacking&) = delete;

  void push(PackItem item) { queue_.push(std::move(item)); }

  std::uint64_t done() const { return done_; }
  bool has_failed() const { return has_failed_; }

  /// Of the finished packing.
  const Failure& failure() const { return failure_; }

  /// Waits for all that was pushed.
  void finish() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::uint64_t number = 0;
    try {
      packer_.pack([&] { return queue_.take(); },
                   [&](PackedItem& item) {
                     number = item.number;
                     if (item.failure) std::rethrow_exception(item.failure);
                     write(item);
                     ++done_;
                   });
      for (const auto& part : parts_) {
        if (part) part->close();
      }
    } catch (...) {
      failure_ = {number, std::current_exception()};
      has_failed_ = true;
      queue_.abandon();
    }
  }

  void write(PackedItem& item) {
    std::unique_ptr<SamplePartWriter>& part = parts_[static_cast<std::size_t>(item.split)];
    if (!part) part = begin_part_(number_of_part_(next_part_++), item.split);
    append(item, *part);
    constexpr auto kMost = static_cast<std::size_t>(kShardSamples);
    if (part->samples() < kMost && part->left_out() < kMost) return;
    part->close();
    part.reset();
  }

  const SamplePacker& packer_;
  const BeginPart& begin_part_;
  NumberOfPart number_of_part_;
  std::size_t next_part_ = 0;
  std::array<std::unique_ptr<SamplePartWriter>, kSplitNames.size()> parts_;
  ItemQueue<PackItem> queue_{2 * kRoundItems};
  std::atomic<std::uint64_t> done_ = 0;
  Failure failure_;
  std::atomic<bool> has_failed_ = false;
  std::thread thread_;
};

// The root's end of a stream.
class StreamReader {
 public:
  explicit StreamReader(const std::function<std::optional<PackItem>()>& next) : next_(next) {}

  bool is_at_end() const { return is_at_end_; }
  const Failure& failure() const { return failure_; }

  /// A rank's share of a round; less than a whole one at the end of the stream.
  std::vector<PackItem> take_share() {
    std::vector<PackItem> items;
    for (std::size_t bytes = 0; items.size() < kRoundItems && bytes < kRoundBytes && !is_at_end_;) {
      std::optional<PackItem> item = next();
      is_at_end_ = !item;
      if (is_at_end_) break;
      for (const RawSample::Member& member : item->raw.members) bytes += member.bytes.size();
      items.push_back(std::move(*item));
    }
    return items;
  }

 private:
  // What was read before a failure is still dealt: it may hold an earlier damaged sample.
  std::optional<PackItem> next() {
    try {
      std::optional<PackItem> item = next_();
      if (item) item->number = number_++;
      return item;
    } catch (...) {
      failure_ = {number_, std::current_exception()};
      return std::nullopt;
    }
  }

  const std::function<std::optional<PackItem>()>& next_;
  std::uint64_t number_ = 0;
  bool is_at_end_ = false;
  Failure failure_;
};

// The next samples for every rank. Whether there are more.
bool deal_round(StreamReader& reader, BackgroundPacking& packing, const Communicator& world,
                const ProgressCallback& progress) {
  const auto ranks = static_cast<std::size_t>(world.size());
  std::vector<PackItem> own;
  std::vector<std::string> shares(ranks);
  world.agree([&] {
    if (!world.is_root()) return;
    own = reader.take_share();
    for (std::size_t other = 1; other < ranks; ++other) shares[other] = items_text(reader.take_share());
  });
  const std::string share = world.scatter(shares);
  for (PackItem& item : world.is_root() ? own : parse_items(share)) packing.push(std::move(item));
  std::uint64_t counts[] = {packing.done(), reader.is_at_end() || packing.has_failed() ? 1u : 0u};
  world.sum(counts);
  show(progress, counts[0], 0);
  return counts[1] == 0;
}

}  // namespace

std::string groups_text(const std::vector<PackGroup>& groups) {
  ByteWriter writer;
  for (const PackGroup& group : groups) {
    writer.number(group.part);
    writer.number(group.first);
    writer.number(group.samples);
    writer.text(group.items);
  }
  return writer.take();
}

std::vector<PackGroup> parse_groups(const std::string& text) {
  std::vector<PackGroup> groups;
  for (ByteReader reader(text); !reader.is_at_end();) {
    PackGroup& group = groups.emplace_back();
    group.part = reader.number<std::size_t>();
    group.first = reader.number<std::uint64_t>();
    group.samples = reader.number<std::uint64_t>();
    group.items = reader.text();
  }
  return groups;
}

void pack_catalogue(const std::vector<PackGroup>& own, std::uint64_t samples, const BeginPart& begin_part,
                    const SamplePacker& packer, const Communicator& world, const ProgressCallback& progress) {
  CatalogueWork work(own, begin_part, packer);
  try {
    supervise(
        world, 1, [&](Watch& watch) { work.run(watch); },
        [&](std::span<const std::uint64_t> done) { show(progress, done[0], samples); });
  } catch (const Error&) {
    const std::uint64_t first = least_of_ranks(world, work.failure().number);
    if (first == kNone) throw;  // it was no sample's fault
    world.agree([&] {
      if (work.failure().number != first) work.look_for_failure_before(first);
    });
    throw_first(work.failure(), world);
    throw;
  }
}

void pack_stream(const std::function<std::optional<PackItem>()>& next, std::size_t first_part,
                 const BeginPart& begin_part, const SamplePacker& packer, const Communicator& world,
                 const ProgressCallback& progress) {
  const auto ranks = static_cast<std::size_t>(world.size()), rank = static_cast<std::size_t>(world.rank());
  BackgroundPacking packing(packer, begin_part, [&](std::size_t part) { return first_part + part * ranks + rank; });
  StreamReader reader(next);
  while (deal_round(reader, packing, world, progress)) {
  }
  packing.finish();
  throw_first(std::min(packing.failure(), reader.failure(),
                       [](const Failure& one, const Failure& other) { return one.number < other.number; }),
              world);
}

}  // namespace eoshard::ingest
