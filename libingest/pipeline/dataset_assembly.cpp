#include "libingest/pipeline/dataset_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>

#include "libingest/core/file.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/product_tally.hpp"
#include "libingest/pipeline/shard_assembly.hpp"
#include "libingest/shard/hdf5_file.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kMaxClasses = 64;
constexpr std::size_t kTalliesKept = 8;  // of a full granule: about 10 MB each

// What every rank must know of every product.
struct ProductCounts {
  std::array<std::uint64_t, kSplits> samples{};
  std::array<std::uint64_t, kRejectReasonNames.size()> rejected{};
};

// What the manifest sums over all products.
struct SplitTotals {
  std::array<ExactMoments, kBands.size()> moments;
  std::array<std::uint64_t, kMaxClasses> class_counts{};
};
using Totals = std::array<SplitTotals, kSplits>;

ProductCounts count_product(const ProductTally& tally) {
  ProductCounts counts;
  for (std::size_t split = 0; split < kSplits; ++split) counts.samples[split] = tally.survivors[split].size();
  for (const ScannedPatch& patch : tally.scan.patches) {
    if (patch.rejected) ++counts.rejected[static_cast<std::size_t>(*patch.rejected)];
  }
  return counts;
}

void add_to_totals(const ProductTally& tally, const std::vector<ImageArray>& arrays, Totals& totals) {
  for (std::size_t split = 0; split < kSplits; ++split) {
    const auto moments = sum_moments(tally, split, arrays);
    for (std::size_t band = 0; band < moments.size(); ++band) totals[split].moments[band].add(moments[band]);
    for (const Survivor& survivor : tally.survivors[split]) {
      const std::uint64_t mask = tally.scan.patches[static_cast<std::size_t>(survivor.patch_index)].labels.classes;
      for (std::size_t index = 0; index < kMaxClasses; ++index) totals[split].class_counts[index] += mask >> index & 1;
    }
  }
}

void fill_in_counts(Source& source, const ProductCounts& counts) {
  for (const std::uint64_t samples : counts.samples) source.kept += samples;
  for (std::size_t reason = 0; reason < counts.rejected.size(); ++reason) {
    if (counts.rejected[reason] > 0) source.rejected[std::string(kRejectReasonNames[reason])] = counts.rejected[reason];
  }
}

// Assembles on one rank; the collective calls are in run().
class Assembly : private SampleSequence {
 public:
  Assembly(std::vector<Source> sources, const WorkFolder& work, const IngestOptions& options,
           const std::vector<std::string>& classes, BaseDataset* base, Drafts drafts, const Communicator& world,
           const ProgressCallback& progress)
      : sources_(std::move(sources)),
        work_(work),
        rules_{stored_arrays(options), options.keep_zero_pixels},
        formats_(options.formats),
        classes_(classes),
        base_(base),
        drafts_(drafts),
        world_(world),
        shards_(*this, {options.out, rules_.arrays, classes, options.formats}, world, progress) {
    for (const Source& source : sources_) products_.push_back(source.id_stem);
  }

  AssembledDataset run() {
    world_.agree([&] {
      if (formats_.hdf5) initialise_hdf5();  // it calls MPI once, which other threads must not
      tally_own_products();
    });
    share_counts();
    add_base_totals();
    const auto write_own = [&](Watch& watch) {
      write_own_rows(watch);
      shards_.write_own_shards(watch);
    };
    supervise(world_, 1, write_own, [&](std::span<const std::uint64_t> done) { shards_.report(done[0]); });
    shards_.write_single_files();
    world_.agree([&] { flush_to_disk(); });
    world_.agree([&] {
      if (world_.is_root()) write_tables_and_metadata();
    });
    return describe();
  }

 private:
  bool is_own(std::size_t item) const {
    return static_cast<int>(item % static_cast<std::size_t>(world_.size())) == world_.rank();
  }

  void tally_own_products() {
    counts_.resize(products_.size());
    for (std::size_t product = 0; product < products_.size(); ++product) {
      if (!is_own(product)) continue;
      const std::shared_ptr<const ProductTally> tally = tally_of(product);
      counts_[product] = count_product(*tally);
      add_to_totals(*tally, rules_.arrays, totals_);
    }
  }

  // After this, every rank holds the counts of all products, and the totals over them.
  void share_counts() {
    constexpr std::size_t kFields = kSplits + kRejectReasonNames.size();
    static_assert(sizeof(ProductCounts) == kFields * sizeof(std::uint64_t));
    world_.sum(std::span(reinterpret_cast<std::uint64_t*>(counts_.data()), counts_.size() * kFields));
    const std::vector<Totals> all = world_.all_gather(std::span<const Totals>(&totals_, 1));
    totals_ = {};
    for (const Totals& rank : all) {
      for (std::size_t split = 0; split < kSplits; ++split) {
        for (std::size_t band = 0; band < kBands.size(); ++band)
          totals_[split].moments[band].add(rank[split].moments[band]);
        for (std::size_t index = 0; index < kMaxClasses; ++index) {
          totals_[split].class_counts[index] += rank[split].class_counts[index];
        }
      }
    }
    for (std::size_t split = 0; split < kSplits; ++split) {
      first_index_[split].assign(1, static_cast<std::uint64_t>(samples_before(split)));
      for (const ProductCounts& counts : counts_)
        first_index_[split].push_back(first_index_[split].back() + counts.samples[split]);
    }
  }

  // Samples that were there before keep their indices.
  std::int64_t samples_before(std::size_t split) const override { return base_ == nullptr ? 0 : base_->samples(split); }

  std::int64_t samples(std::size_t split) const override {
    return static_cast<std::int64_t>(first_index_[split].back());
  }

  void write_own_rows(const Watch& watch) {
    for (std::size_t product = 0; product < products_.size(); ++product) {
      if (!is_own(product)) continue;
      watch.check();
      const std::shared_ptr<const ProductTally> tally = tally_of(product);
      for (std::size_t split = 0; split < kSplits; ++split) {
        const auto first = static_cast<std::int64_t>(first_index_[split][product]);
        write_file(work_.sample_rows(products_[product], kSplitNames[split]),
                   sample_rows(*tally, split, first, classes_), Durability::rename_only);
      }
      write_file(work_.rejected_rows(products_[product]), rejected_rows(*tally), Durability::rename_only);
    }
  }

  // The sums go on from those of the old samples.
  void add_base_totals() {
    if (base_ == nullptr) return;
    for (std::size_t split = 0; split < kSplits; ++split) {
      const Split& old = base_->manifest().split(std::string(kSplitNames[split]));
      for (const BandStatistics& statistics : old.statistics) {
        const auto band = std::find_if(kBands.begin(), kBands.end(),
                                       [&](const BandInfo& info) { return info.name == statistics.band; });
        totals_[split].moments[static_cast<std::size_t>(band - kBands.begin())].add(from_statistics(statistics));
      }
      for (std::size_t index = 0; index < old.class_counts.size(); ++index)
        totals_[split].class_counts[index] += old.class_counts[index];
    }
  }

  // Calls `visit(tally, survivor)` for the new ones among `count` samples of a split, in order.
  template <class Visit>
  void for_each_sample(std::size_t split, std::int64_t first, std::int64_t count, const Visit& visit) {
    const auto begin = static_cast<std::uint64_t>(std::max(first, samples_before(split)));
    const auto end = static_cast<std::uint64_t>(first + count);
    const auto& firsts = first_index_[split];
    std::size_t product = product_of(split, begin);
    for (std::uint64_t index = begin; index < end; ++product) {
      if (index == firsts[product + 1]) continue;  // none of its patches survived
      const std::shared_ptr<const ProductTally> tally = tally_of(product);
      for (; index < std::min(end, firsts[product + 1]); ++index)
        visit(*tally, tally->survivors[split][index - firsts[product]]);
    }
  }

  // The product that a new sample comes from.
  std::size_t product_of(std::size_t split, std::uint64_t index) const {
    const auto& firsts = first_index_[split];
    return static_cast<std::size_t>(std::upper_bound(firsts.begin(), firsts.end(), index) - firsts.begin()) - 1;
  }

  // Consecutive shards, and the arrays of one, mostly need the same products.
  std::shared_ptr<const ProductTally> tally_of(std::size_t product) {
    const std::lock_guard lock(tallies_mutex_);
    const auto known =
        std::find_if(tallies_.begin(), tallies_.end(), [&](const auto& entry) { return entry.first == product; });
    if (known != tallies_.end()) {
      tallies_.splice(tallies_.begin(), tallies_, known);
      return known->second;
    }
    if (tallies_.size() >= kTalliesKept) tallies_.pop_back();
    auto tally = std::make_shared<const ProductTally>(tally_product(products_[product], work_, rules_));
    tallies_.emplace_front(product, std::move(tally));
    return tallies_.front().second;
  }

  bool allows_threads() const override { return true; }

  void visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                    const VisitChunk& visit) override {
    std::vector<std::byte> chunk;
    for (std::int64_t index = first; index < std::min(first + count, samples_before(split)); ++index) {
      {
        const std::lock_guard lock(base_mutex_);
        base_->read_chunk(split, rules_.arrays[array].name, index, chunk);
      }
      visit(chunk);
    }
    for_each_sample(split, first, count, [&](const ProductTally& tally, const Survivor& survivor) {
      const PartReader& part = tally.parts[array];
      part.read_chunk(part.entries()[survivor.candidate], chunk);
      visit(chunk);
    });
  }

  std::optional<std::filesystem::path> draft_of(std::size_t split, std::size_t array, std::int64_t first,
                                                std::int64_t count) override {
    if (drafts_ == Drafts::copied || first < samples_before(split)) return {};
    const auto begin = static_cast<std::uint64_t>(first), end = static_cast<std::uint64_t>(first + count);
    const std::size_t product = product_of(split, begin);
    if (end > first_index_[split][product + 1]) return {};
    const std::shared_ptr<const ProductTally> tally = tally_of(product);
    std::vector<std::size_t> entries;
    for (std::uint64_t index = begin; index < end; ++index)
      entries.push_back(tally->survivors[split][index - first_index_[split][product]].candidate);
    return tally->parts[array].draft_of(entries);
  }

  std::vector<std::byte> row_values(std::size_t split, const ArraySpec& spec, std::int64_t first,
                                    std::int64_t count) override {
    const std::size_t row_bytes = spec.sample_bytes();
    std::vector<std::byte> rows(row_bytes * static_cast<std::size_t>(count));
    const bool are_classes = spec.name == classes_spec(classes_.size()).name;
    std::byte* row = rows.data();
    if (first < samples_before(split)) {
      const std::lock_guard lock(base_mutex_);
      const std::vector<std::byte> old = base_->tail_rows(split, spec.name);
      row = std::copy(old.begin(), old.end(), row);
    }
    for_each_sample(split, first, count, [&](const ProductTally& tally, const Survivor& survivor) {
      are_classes ? fill_classes(tally, survivor, row) : fill_patch_id(tally, survivor, row);
      row += row_bytes;
    });
    return rows;
  }

  void fill_classes(const ProductTally& tally, const Survivor& survivor, std::byte* row) const {
    const std::uint64_t mask = tally.scan.patches[static_cast<std::size_t>(survivor.patch_index)].labels.classes;
    for (std::size_t index = 0; index < classes_.size(); ++index)
      row[index] = static_cast<std::byte>(mask >> index & 1);
  }

  static void fill_patch_id(const ProductTally& tally, const Survivor& survivor, std::byte* row) {
    const std::string id = patch_id(tally.scan.product.id_stem, tally.scan.grid.position_of(survivor.patch_index));
    if (id.size() > kPatchIdBytes) {
      throw Error(ErrorKind::input, fmt::format("patch id {} is longer than {} characters", id, kPatchIdBytes));
    }
    std::memcpy(row, id.data(), id.size());
  }

  // The manifest must never reach the disk before what it speaks of.
  void flush_to_disk() const { sync_file_system(work_.out()); }

  void write_tables_and_metadata() const {
    write_samples_table();
    write_rejected_table();
    shards_.write_metadata();
    flush_to_disk();
  }

  void write_samples_table() const {
    AtomicFile table(work_.out() / "samples.csv");
    table.write(sample_header());
    for (std::size_t split = 0; split < kSplits; ++split) {
      if (base_ != nullptr) table.write(base_->sample_rows(split));
      for (const std::string& product : products_)
        table.write(read_text_file(work_.sample_rows(product, kSplitNames[split])));
    }
    table.commit(Durability::rename_only);
  }

  void write_rejected_table() const {
    AtomicFile table(work_.out() / "rejected.csv");
    table.write(rejected_header());
    if (base_ != nullptr) table.write(base_->rejected_rows());
    for (const std::string& product : products_) table.write(read_text_file(work_.rejected_rows(product)));
    table.commit(Durability::rename_only);
  }

  bool is_stored(const BandInfo& band) const {
    return std::any_of(rules_.arrays.begin(), rules_.arrays.end(), [&](const ImageArray& array) {
      return std::find(array.bands.begin(), array.bands.end(), band.name) != array.bands.end();
    });
  }

  AssembledDataset describe() {
    AssembledDataset dataset;
    for (std::size_t split = 0; split < kSplits; ++split) {
      Split described{std::string(kSplitNames[split]), samples(split), {}, {}};
      const auto& counts = totals_[split].class_counts;
      described.class_counts.assign(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(classes_.size()));
      for (std::size_t band = 0; band < kBands.size(); ++band) {
        if (!is_stored(kBands[band])) continue;
        described.statistics.push_back(to_statistics(std::string(kBands[band].name), totals_[split].moments[band]));
      }
      dataset.splits.push_back(std::move(described));
    }
    for (std::size_t reason = 0; reason < kRejectReasonNames.size(); ++reason) {
      std::uint64_t patches = 0;
      for (const ProductCounts& counts : counts_) patches += counts.rejected[reason];
      dataset.rejected[std::string(kRejectReasonNames[reason])] = patches;
    }
    for (std::size_t product = 0; product < sources_.size(); ++product)
      fill_in_counts(sources_[product], counts_[product]);
    if (base_ != nullptr) add_base(dataset);
    dataset.sources.insert(dataset.sources.end(), sources_.begin(), sources_.end());
    return dataset;
  }

  void add_base(AssembledDataset& dataset) const {
    for (const auto& [reason, patches] : base_->manifest().rejected) dataset.rejected[reason] += patches;
    dataset.sources = base_->manifest().sources;
  }

  std::vector<Source> sources_;
  std::vector<std::string> products_;  // their id stems
  const WorkFolder& work_;
  TallyRules rules_;
  DatasetFormats formats_;
  const std::vector<std::string>& classes_;
  BaseDataset* base_;  // what is appended to, or none
  Drafts drafts_;
  const Communicator& world_;
  ShardAssembly shards_;
  std::vector<ProductCounts> counts_;                            // one a product
  Totals totals_;                                                // own products', then all
  std::array<std::vector<std::uint64_t>, kSplits> first_index_;  // a product's first index, and the total last
  std::list<std::pair<std::size_t, std::shared_ptr<const ProductTally>>> tallies_;  // by product, latest first
  std::mutex tallies_mutex_;
  std::mutex base_mutex_;
};

}  // namespace

AssembledDataset assemble_dataset(std::vector<Source> sources, const WorkFolder& work, const IngestOptions& options,
                                  const std::vector<std::string>& classes, BaseDataset* base, Drafts drafts,
                                  const Communicator& world, const ProgressCallback& progress) {
  return Assembly(std::move(sources), work, options, classes, base, drafts, world, progress).run();
}

}  // namespace eoshard::ingest
