#include "libingest/pipeline/pack_pipeline.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/version.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/mpi/root_text.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libingest/pipeline/archive_kinds.hpp"
#include "libingest/pipeline/catalogue_groups.hpp"
#include "libingest/pipeline/list_contents.hpp"
#include "libingest/pipeline/packed_samples.hpp"
#include "libingest/pipeline/packing_work.hpp"
#include "libingest/pipeline/shard_assembly.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "libingest/shard/hdf5_file.hpp"
#include "libingest/table/csv.hpp"

namespace eoshard::ingest {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSplits = kSplitNames.size();
constexpr std::size_t kMaxClasses = 64;
constexpr const char* kBadMember = "bad_member";
constexpr const char* kTally = "samples";  // of a part

class Packing {
 public:
  Packing(const PackOptions& options, const Communicator& world, const Log& log, const ProgressCallback& progress,
          int threads)
      : options_(options), world_(world), log_(log), progress_(progress), threads_(threads), work_(options.out) {}

  PackResult run() {
    try {
      return make_dataset();
    } catch (const Error&) {
      if (has_begun_) work_.remove_if_untouched();
      throw;
    }
  }

 private:
  PackResult make_dataset() {
    const Clock::time_point start = Clock::now();
    world_.agree([&] { check_options(); });
    options_.list_contents = checksums_of_lists(options_, world_);
    const WorkFolder::Start found = look_at_output();
    if (found == WorkFolder::Start::finished) return tidy_up();
    times_.scan_s = timed([&] {
      survey();
      settle_classes();
      read_rulings();
      begin(found);
      find_finished_parts();
    });
    const double cpu_before_s = process_cpu_seconds();
    times_.extract_s = timed([&] { pack(); });
    times_.extract_cpu_s = process_cpu_seconds() - cpu_before_s;
    report_lists();
    times_.assemble_s = timed([&] { assemble(); });
    DatasetManifest manifest = commit();
    gather_times(times_, stage_times_, threads_, world_, summary_);
    summary_.wall_s = seconds_since(start);
    return {std::move(manifest), summary_};
  }

  void check_options() {
    kind_ = &find_archive_kind(options_.kind);
    if (options_.source.empty()) throw Error(ErrorKind::usage, "no archive is named (SOURCE)");
    for (const std::string& path : {options_.source, options_.reference_maps}) {
      if (!path.empty() && !std::filesystem::exists(path))
        throw Error(ErrorKind::input, fmt::format("{} does not exist", path));
    }
    check_kind_options(options_, *kind_);
    check_split_options(options_, *kind_);
    if (!options_.upsample.empty()) rules_.upsample = parse_upsample_method(options_.upsample);
    rules_.nomenclature = make_nomenclature(options_.nomenclature);
    rules_.skip_bad = options_.skip_bad;
    archive_ = kind_->open(options_);
    rules_.archive = &archive_;
  }

  WorkFolder::Start look_at_output() {
    WorkFolder::Start start{};
    world_.agree([&] {
      if (!world_.is_root()) return;
      configuration_ = configuration_of_run();
      start = work_.look(configuration_, options_.overwrite);
      if (start == WorkFolder::Start::resumed)
        log_.info("going on with the unfinished run in " + options_.out.string());
    });
    return static_cast<WorkFolder::Start>(std::stoi(world_.broadcast(std::to_string(static_cast<int>(start)))));
  }

  // Times are no part of the dataset: its manifest has the rest alone.
  std::string configuration_of_run() const {
    auto configuration = nlohmann::ordered_json::parse(configuration_json(options_));
    configuration["source_contents"] = identity_of_source(options_.source);
    if (!options_.reference_maps.empty())
      configuration["source_contents"].update(nlohmann::ordered_json(identity_of_source(options_.reference_maps)));
    return configuration.dump(2) + "\n";
  }

  // Only now is anything written, and an earlier dataset removed: what was given is fit to begin with.
  void begin(WorkFolder::Start found) {
    world_.agree([&] {
      if (!world_.is_root()) return;
      if (found == WorkFolder::Start::fresh) work_.begin(configuration_);
      has_begun_ = true;
      std::visit([](const auto& source) { source->prepare(); }, archive_);
    });
  }

  // The earlier run was stopped when all but this was done.
  PackResult tidy_up() {
    DatasetManifest manifest = parse_manifest(read_at_root(world_, [&] { return read_manifest_text(options_.out); }));
    world_.agree([&] {
      if (world_.is_root()) work_.remove();
    });
    gather_times(times_, stage_times_, threads_, world_, summary_);
    return {std::move(manifest), summary_};
  }

  // What samples look like; one rank looks, all learn.
  void survey() {
    std::string layout;
    world_.agree([&] {
      if (!world_.is_root()) return;
      layout = layout_text(std::visit([](const auto& source) { return source->survey(); }, archive_));
    });
    rules_.layout = parse_layout(world_.broadcast(std::move(layout)));
  }

  void settle_classes() {
    world_.agree([&] {
      if (!rules_.layout.classes.empty()) rules_.nomenclature = {rules_.layout.nomenclature, rules_.layout.classes, {}};
      if (rules_.nomenclature.classes.size() > kMaxClasses) {
        throw Error(ErrorKind::input, fmt::format("{}: {} classes are more than {}", options_.source,
                                                  rules_.nomenclature.classes.size(), kMaxClasses));
      }
      rules_.arrays = packed_arrays(rules_.layout, options_);
    });
  }

  void read_rulings() {
    world_.agree([&] {
      if (world_.is_root()) rulings_.emplace(options_, *kind_, rules_.nomenclature);
    });
  }

  // --- what an interrupted run has packed already

  // A part that a power cut has spoiled is made again.
  void find_finished_parts() {
    std::vector<std::filesystem::path> tallies = work_.part_files(kTally);
    std::vector<std::uint64_t> is_spoiled(tallies.size());
    world_.agree([&] {
      for (auto part = static_cast<std::size_t>(world_.rank()); part < tallies.size();
           part += static_cast<std::size_t>(world_.size()))
        is_spoiled[part] = is_part_whole(tallies[part], rules_.arrays) ? 0 : 1;
    });
    world_.sum(is_spoiled);
    world_.agree([&] {
      if (!world_.is_root()) return;
      for (std::size_t part = 0; part < tallies.size(); ++part) {
        if (is_spoiled[part] > 0) std::filesystem::remove(tallies[part]);
      }
    });
  }

  std::filesystem::path tally(std::size_t part) const { return work_.part_file(fmt::format("{:08}", part), kTally); }

  static std::size_t number_of_part(const std::filesystem::path& path) { return std::stoul(path.filename().string()); }

  // Of a stream: the samples that are in parts, and the number of the next part.
  std::size_t note_finished_samples() {
    std::string next_part;
    world_.agree([&] {
      if (!world_.is_root()) return;
      std::size_t next = 0;
      for (const std::filesystem::path& path : work_.part_files(kTally)) {
        const PartContents part = read_sample_part(path);
        for (const PartSample& sample : part.samples) finished_.insert(sample.key);
        for (const LeftOutSample& sample : part.left_out) finished_.insert(sample.key);
        next = std::max(next, number_of_part(path) + 1);
      }
      next_part = std::to_string(next);
    });
    return std::stoul(world_.broadcast(std::move(next_part)));
  }

  // --- packing

  void pack() {
    const SamplePacker packer(rules_, stage_times_);
    const BeginPart begin = [&](std::size_t part, int split) {
      return std::make_unique<SamplePartWriter>(tally(part), rules_.arrays, split);
    };
    if (const auto* stream = std::get_if<std::unique_ptr<ArchiveStream>>(&archive_)) {
      const std::size_t first_part = note_finished_samples();
      pack_stream([&] { return next_item(**stream); }, first_part, begin, packer, world_, progress_);
    } else {
      std::uint64_t samples = 0;
      const std::vector<PackGroup> own = share_groups(samples);
      pack_catalogue(own, samples, begin, packer, world_, progress_);
    }
  }

  // This rank's share of what is left to pack of a catalogue; `samples`: of all ranks.
  std::vector<PackGroup> share_groups(std::uint64_t& samples) {
    std::vector<std::string> shares(static_cast<std::size_t>(world_.size()));
    std::uint64_t counts[] = {0};
    world_.agree([&] {
      if (!world_.is_root()) return;
      std::vector<PackGroup> groups = CatalogueGroups(kept_entries(), *rulings_).unfinished(work_, kTally);
      std::vector<std::vector<PackGroup>> of_rank(shares.size());
      for (std::size_t group = 0; group < groups.size(); ++group) {
        counts[0] += groups[group].samples;
        of_rank[group % shares.size()].push_back(std::move(groups[group]));
      }
      std::transform(of_rank.begin(), of_rank.end(), shares.begin(), groups_text);
    });
    world_.sum(counts);
    samples = counts[0];
    return parse_groups(world_.scatter(shares));
  }

  // The samples of a catalogue that are packed, each with its split.
  std::vector<ArchiveEntry> kept_entries() {
    ArchiveCatalogue& catalogue = *std::get<std::unique_ptr<ArchiveCatalogue>>(archive_);
    log_.info("listing the samples of " + options_.source);
    std::vector<ArchiveEntry> entries = catalogue.list();
    if (!catalogue.damage().empty()) leave_out_rest(Error(ErrorKind::input, catalogue.damage()));
    const auto is_dropped = [&](ArchiveEntry& entry) {
      const SampleRuling ruling = rulings_->rule(entry.key, entry.split);
      entry.split = ruling.split;
      return !is_kept(entry.key, ruling);
    };
    entries.erase(std::remove_if(entries.begin(), entries.end(), is_dropped), entries.end());
    return entries;
  }

  // Notes why a sample is left out.
  bool is_kept(const std::string& key, const SampleRuling& ruling) {
    if (ruling.split == kUnlisted) left_out_.try_emplace(key, LeftOutSample{key, ruling.reason, ruling.detail});
    return ruling.split != kUnlisted;
  }

  // The next sample of a stream that is to be packed. A damaged stream ends where it is damaged.
  std::optional<PackItem> next_item(ArchiveStream& stream) {
    // Nothing but a list can rule a sample out before the archive says its split.
    const auto is_wanted = [&](const std::string& key) {
      constexpr int kSomeSplit = 0;
      return is_kept(key, rulings_->rule(key, kSomeSplit)) && !finished_.contains(key);
    };
    PackItem item;
    try {
      while (stream.next(item.raw, is_wanted)) {
        item.entry.key = item.raw.key;
        item.ruling = rulings_->rule(item.raw.key, item.raw.split);
        if (is_kept(item.raw.key, item.ruling)) return item;
      }
    } catch (const Error& error) {
      leave_out_rest(error);
    }
    return std::nullopt;
  }

  // Notes that an archive can be read no further, where that is no reason to stop.
  void leave_out_rest(const Error& damage) {
    if (!options_.skip_bad || damage.kind() != ErrorKind::input) throw damage;
    const std::string name = std::filesystem::path(options_.source).filename().string();
    left_out_.try_emplace(name, LeftOutSample{name, kBadMember, damage.what()});
  }

  void report_lists() const {
    if (!world_.is_root()) return;
    for (const std::string& line : rulings_->not_found()) log_.info(line);
  }

  void assemble() {
    world_.agree([&] {
      if (options_.formats.hdf5) initialise_hdf5();  // it calls MPI once, which other threads must not
      samples_.emplace(work_.part_files(kTally), images_of(rules_.arrays), rules_.nomenclature.classes.size());
      if (world_.is_root()) merge_left_out();
    });
    ShardAssembly shards(*samples_,
                         {options_.out, images_of(rules_.arrays), rules_.nomenclature.classes, options_.formats},
                         world_, progress_);
    supervise(
        world_, 1, [&](Watch& watch) { shards.write_own_shards(watch); },
        [&](std::span<const std::uint64_t> done) { shards.report(done[0]); });
    shards.write_single_files();
    // The manifest must never reach the disk before what it speaks of.
    world_.agree([&] { sync_file_system(options_.out); });
    world_.agree([&] {
      if (!world_.is_root()) return;
      write_samples_table();
      write_rejected_table();
      shards.write_metadata();
      sync_file_system(options_.out);
    });
  }

  void merge_left_out() {
    for (const LeftOutSample& sample : samples_->left_out()) left_out_.try_emplace(sample.key, sample);
  }

  void write_samples_table() {
    std::vector<std::string> columns = {"split", "index", "patch_id"};
    columns.insert(columns.end(), rules_.layout.columns.begin(), rules_.layout.columns.end());
    for (const std::string& column : rulings_->table_columns()) columns.push_back(column);
    columns.emplace_back("labels");
    AtomicFile table(options_.out / "samples.csv");
    table.write(csv_row(columns));
    for (std::size_t split = 0; split < kSplits; ++split) {
      samples_->visit_rows(split, [&](std::int64_t index, std::string_view key, std::string_view row) {
        table.write(fmt::format("{},{},{},{}", kSplitNames[split], index, key, row));
      });
    }
    table.commit(Durability::rename_only);
  }

  void write_rejected_table() const {
    AtomicFile table(options_.out / "rejected.csv");
    table.write("patch_id,reason\n");
    for (const auto& [key, sample] : left_out_) {
      const std::vector<std::string> fields = {key, sample.reason};
      table.write(csv_row(fields));
    }
    table.commit(Durability::rename_only);
  }

  // The manifest makes the folder a dataset. The root's, on every rank.
  DatasetManifest commit() {
    std::string text;
    world_.agree([&] {
      if (!world_.is_root()) return;
      text = manifest_text(describe());
      write_file(options_.out / kManifestName, text, Durability::fsync);
      work_.remove();
    });
    return parse_manifest(world_.broadcast(std::move(text)));
  }

  DatasetManifest describe() const {
    DatasetManifest manifest;
    manifest.program = "eoshard-pack";
    manifest.version = kVersion;
    manifest.command_line = options_.command_line;
    manifest.configuration_json = configuration_json(options_);
    manifest.task = rules_.layout.task == LabelTask::single_label ? "single-label" : "multi-label";
    manifest.nomenclature = rules_.nomenclature.name;
    manifest.classes = rules_.nomenclature.classes;
    manifest.arrays = images_of(rules_.arrays);
    manifest.formats = options_.formats;
    manifest.quantification_value = rules_.layout.quantification_value;
    manifest.split_rule = escape_bytes(split_rule());
    manifest.seed = options_.seed;
    for (std::size_t split = 0; split < kSplits; ++split) manifest.splits.push_back(describe_split(split));
    manifest.rejected = {{"excluded", 0}, {"unlisted", 0}, {"no_label", 0}, {kBadMember, 0}};
    for (const auto& [key, sample] : left_out_) {
      ++manifest.rejected[sample.reason];
      if (sample.reason == kBadMember) manifest.bad_members.push_back({escape_bytes(key), escape_bytes(sample.detail)});
    }
    manifest.sources = {describe_source(manifest)};
    return manifest;
  }

  std::string split_rule() const {
    if (!options_.split.empty()) return options_.split;
    switch (kind_->split_habit) {
      case SplitHabit::table: return "table";
      case SplitHabit::archive: return "archive";
      case SplitHabit::random: return "random:70/15/15";
      case SplitHabit::lists: break;
    }
    return options_.unlisted;
  }

  Split describe_split(std::size_t split) const {
    Split described{std::string(kSplitNames[split]), samples_->samples(split), samples_->class_counts(split), {}};
    const std::vector<StatisticsBand> bands = statistics_bands(rules_.arrays);
    std::vector<ExactMoments> moments = samples_->moments(split);
    moments.resize(bands.size());
    for (std::size_t band = 0; band < bands.size(); ++band)
      described.statistics.push_back(to_statistics(bands[band].name, moments[band]));
    return described;
  }

  Source describe_source(const DatasetManifest& manifest) const {
    Source source;
    source.product = options_.kind;
    source.path = escape_bytes(options_.source);
    source.kept = static_cast<std::uint64_t>(manifest.samples());
    source.patches = source.kept + left_out_.size();
    for (const auto& [reason, samples] : manifest.rejected) {
      if (samples > 0) source.rejected[reason] = samples;
    }
    return source;
  }

  PackOptions options_;
  const Communicator& world_;
  const Log& log_;
  const ProgressCallback& progress_;
  int threads_;
  WorkFolder work_;
  std::string configuration_;  // on the root
  bool has_begun_ = false;     // on the root
  const ArchiveKind* kind_ = nullptr;
  Archive archive_;
  PackRules rules_;
  std::optional<SampleRulings> rulings_;           // on the root
  std::unordered_set<std::string> finished_;       // on the root: keys of a stream that are in parts
  std::map<std::string, LeftOutSample> left_out_;  // on the root
  std::optional<PackedSamples> samples_;
  StageTimes stage_times_;
  RankTimes times_;
  RunSummary summary_;
};

}  // namespace

PackResult pack_archive(const PackOptions& options, const Communicator& world, const Log& log,
                        const ProgressCallback& progress) {
  const int share = threads_per_rank(world);
  const int threads = options.threads > 0 ? options.threads : share;
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  world.agree([] { initialise_gdal(); });
  return Packing(options, world, log, progress, threads).run();
}

}  // namespace eoshard::ingest
