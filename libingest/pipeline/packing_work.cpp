#include "libingest/pipeline/packing_work.hpp"

#include <atomic>
#include <exception>
#include <thread>

#include "libingest/core/error.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/pipeline/item_queue.hpp"

namespace eoshard::ingest {
namespace {

// What the root sends to each rank at a time: enough to keep it busy while the next is read.
constexpr std::size_t kRoundItems = 64;
constexpr std::size_t kRoundBytes = std::size_t{8} << 20;

// Packs what is pushed, on a thread of its own, into one part after the other.
class BackgroundPacking {
 public:
  using PathOfPart = std::function<std::filesystem::path(std::size_t)>;  // by number among this rank's parts

  BackgroundPacking(const SamplePacker& packer, PathOfPart path)
      : packer_(packer), path_(std::move(path)), thread_([this] { run(); }) {}

  ~BackgroundPacking() { finish(); }
  BackgroundPacking(const BackgroundPacking&) = delete;
  BackgroundPacking& operator=(const BackgroundPacking&) = delete;

  void push(PackItem item) { queue_.push(std::move(item)); }

  std::uint64_t done() const { return done_; }

  /// Throws what the packing failed with, if it has.
  void check() const {
    if (has_failed_) std::rethrow_exception(failure_);
  }

  /// Waits for all that was pushed.
  void finish() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    try {
      for (std::size_t part = 0; queue_.has_more(); ++part) pack_part(path_(part));
    } catch (...) {
      failure_ = std::current_exception();
      has_failed_ = true;
      queue_.abandon();
    }
  }

  void pack_part(const std::filesystem::path& path) {
    std::size_t taken = 0;
    const auto next = [&] { return taken++ == kPartSamples ? std::nullopt : queue_.take(); };
    packer_.pack_part(path, next, [&] { ++done_; });
  }

  const SamplePacker& packer_;
  PathOfPart path_;
  ItemQueue<PackItem> queue_{2 * kRoundItems};
  std::atomic<std::uint64_t> done_ = 0;
  std::exception_ptr failure_;
  std::atomic<bool> has_failed_ = false;
  std::thread thread_;
};

std::size_t bytes_of(const PackItem& item) {
  std::size_t bytes = 0;
  for (const RawSample::Member& member : item.raw.members) bytes += member.bytes.size();
  return bytes;
}

// A rank's share of a round; less than a whole one at the end of the stream.
std::vector<PackItem> take_share(const std::function<std::optional<PackItem>()>& next, bool& is_at_end) {
  std::vector<PackItem> items;
  for (std::size_t bytes = 0; items.size() < kRoundItems && bytes < kRoundBytes && !is_at_end;) {
    std::optional<PackItem> item = next();
    is_at_end = !item;
    if (is_at_end) break;
    bytes += bytes_of(*item);
    items.push_back(std::move(*item));
  }
  return items;
}

void show(const ProgressCallback& progress, std::uint64_t done, std::uint64_t total) {
  if (progress) progress({"pack", done, total, "samples", ""});
}

}  // namespace

void pack_catalogue(const std::vector<PackItem>& items, std::size_t first_part, const PartPath& part_path,
                    const SamplePacker& packer, const Communicator& world, const ProgressCallback& progress) {
  const std::size_t parts = (items.size() + kPartSamples - 1) / kPartSamples;
  const auto pack_own = [&](Watch& watch) {
    for (auto part = static_cast<std::size_t>(world.rank()); part < parts;
         part += static_cast<std::size_t>(world.size())) {
      std::size_t index = part * kPartSamples;
      const std::size_t end = std::min(index + kPartSamples, items.size());
      const auto next = [&] { return index < end ? std::optional(items[index++]) : std::nullopt; };
      packer.pack_part(part_path(first_part + part), next, [&] {
        watch.check();
        watch.add(0, 1);
      });
    }
  };
  supervise(world, 1, pack_own, [&](std::span<const std::uint64_t> done) { show(progress, done[0], items.size()); });
}

void pack_stream(const std::function<std::optional<PackItem>()>& next, std::size_t first_part,
                 const PartPath& part_path, const SamplePacker& packer, const Communicator& world,
                 const ProgressCallback& progress) {
  const auto ranks = static_cast<std::size_t>(world.size()), rank = static_cast<std::size_t>(world.rank());
  BackgroundPacking packing(packer, [&](std::size_t part) { return part_path(first_part + part * ranks + rank); });
  for (bool is_at_end = false; !is_at_end;) {
    std::vector<PackItem> own;
    std::vector<std::string> shares(ranks);
    world.agree([&] {
      packing.check();
      if (!world.is_root()) return;
      own = take_share(next, is_at_end);
      for (std::size_t other = 1; other < ranks; ++other) shares[other] = items_text(take_share(next, is_at_end));
    });
    const std::string share = world.scatter(shares);
    for (PackItem& item : world.is_root() ? own : parse_items(share)) packing.push(std::move(item));
    std::uint64_t counts[] = {packing.done(), is_at_end ? 1u : 0u};
    world.sum(counts);
    is_at_end = counts[1] > 0;
    show(progress, counts[0], 0);
  }
  packing.finish();
  world.agree([&] { packing.check(); });
}

}  // namespace eoshard::ingest
