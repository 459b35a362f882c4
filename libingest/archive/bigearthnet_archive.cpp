#include "libingest/archive/bigearthnet_archive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include "libingest/archive/archive_member_reader.hpp"
#include "libingest/archive/tar_files.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

const char* example_of(BigEarthNetVersion version) {
  return version == BigEarthNetVersion::v1
             ? "S2A_MSIL2A_20170613T101031_87_48/S2A_MSIL2A_20170613T101031_87_48_B01.tif"
             : "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP/S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57/"
               "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57_B01.tif";
}

// The first few names, for messages.
std::string some_of(std::vector<std::string> names) {
  constexpr std::size_t kShown = 5;
  std::sort(names.begin(), names.end());
  const bool is_more = names.size() > kShown;
  if (is_more) names.resize(kShown);
  return names.empty() ? "nothing" : fmt::format("{}{}", fmt::join(names, ", "), is_more ? ", ..." : "");
}

[[noreturn]] void refuse_layout(const BigEarthNetOptions& options, const std::vector<std::string>& found) {
  throw Error(ErrorKind::input,
              fmt::format("{}: no patch of BigEarthNet {} is there: looked for {}, found {}", options.source.string(),
                          options.version == BigEarthNetVersion::v1 ? "v1" : "v2", example_of(options.version),
                          some_of(found)));
}

std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

// Only a failure is worth a second look at what is there.
std::string read_member(const fs::path& path) {
  try {
    return read_text_file(path);
  } catch (const Error&) {
    if (fs::exists(path)) throw;
    throw Error(ErrorKind::input, fmt::format("{} is missing", path.lexically_normal().string()));
  }
}

class BigEarthNetTree : public ArchiveCatalogue {
 public:
  explicit BigEarthNetTree(BigEarthNetOptions options) : patches_(std::move(options)) {}

  ArchiveLayout survey() override {
    for (const fs::path& root : possible_roots()) {
      entries_ = patches_below(root);
      if (!entries_.empty()) return patches_.layout();
    }
    refuse_layout(patches_.options(), names_in(source()));
  }

  void prepare() override { patches_.prepare_reference_maps(); }

  std::vector<ArchiveEntry> list() override { return std::move(entries_); }

  void read(const ArchiveEntry& entry, RawSample& raw) const override {
    raw.members.clear();
    const fs::path folder = source() / entry.locator / entry.key;
    for (const std::string& name : patches_.files_of(entry.key)) {
      const fs::path path = folder / name;
      raw.members.push_back({name, read_member(path)});
    }
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    patches_.decode(layout, raw, sample);
  }

 private:
  const fs::path& source() const { return patches_.options().source; }

  // The folder itself, or one in it as the archives name them.
  std::vector<fs::path> possible_roots() const {
    std::vector<fs::path> roots = {source()};
    for (const std::string& name : folders_in(source())) {
      if (name.starts_with("BigEarthNet")) roots.push_back(source() / name);
    }
    return roots;
  }

  std::vector<ArchiveEntry> patches_below(const fs::path& root) const {
    if (patches_.options().version == BigEarthNetVersion::v1) return patches_in(root);
    std::vector<ArchiveEntry> all;
    for (const std::string& product : folders_in(root)) {
      if (!product.starts_with("S2")) continue;
      for (ArchiveEntry& entry : patches_in(root / product)) all.push_back(std::move(entry));
    }
    return all;
  }

  std::vector<ArchiveEntry> patches_in(const fs::path& folder) const {
    std::vector<ArchiveEntry> entries;
    const std::string place = fs::relative(folder, source()).string();
    for (const auto& file : fs::directory_iterator(folder)) {
      const std::string name = file.path().filename().string();
      if (is_bigearthnet_patch(patches_.options().version, name)) entries.push_back({name, place, kUnlisted, ""});
    }
    return entries;
  }

  BigEarthNetPatches patches_;
  std::vector<ArchiveEntry> entries_;
};

// What is kept of a file until its patch is complete, and then given: its bytes, or anything else.
using TakeFile = std::function<std::string(ArchiveMemberReader&)>;

class BigEarthNetStream : public ArchiveStream {
 public:
  BigEarthNetStream(BigEarthNetOptions options, std::size_t max_waiting_bytes, TakeFile take_file)
      : patches_(std::move(options)), max_waiting_bytes_(max_waiting_bytes), take_file_(std::move(take_file)) {}

  ArchiveLayout survey() override {
    ArchiveMemberReader reader(patches_.options().source);
    constexpr std::size_t kLookedAt = 100;
    std::vector<std::string> found;
    while (found.size() < kLookedAt) {
      const auto name = reader.next();
      if (!name) break;
      if (is_bigearthnet_patch(patches_.options().version, patch_of(*name))) return patches_.layout();
      found.push_back(*name);
    }
    refuse_layout(patches_.options(), found);
  }

  void prepare() override { patches_.prepare_reference_maps(); }

  bool next(RawSample& raw, const IsWanted& is_wanted) override {
    if (!reader_ && !is_at_end_) reader_.emplace(patches_.options().source);
    while (reader_) {
      try {
        if (take_member(raw, is_wanted)) return true;
      } catch (Error& error) {
        if (error.kind() != ErrorKind::input) throw;
        damage_ = error.what();
        reader_.reset();
      }
      is_at_end_ = !reader_;
    }
    return next_incomplete(raw);
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    patches_.decode(layout, raw, sample);
  }

 private:
  // ".../<patch>/<file>" → "<patch>"
  static std::string patch_of(const std::string& member) { return fs::path(member).parent_path().filename().string(); }

  // Whether the file at hand completes a patch. At the archive's end there is no reader any more.
  bool take_member(RawSample& raw, const IsWanted& is_wanted) {
    const auto member = reader_->next();
    if (!member) {
      reader_.reset();
      return false;
    }
    const std::string patch = patch_of(*member), file = fs::path(*member).filename().string();
    if (!is_bigearthnet_patch(patches_.options().version, patch) || !patches_.is_needed(patch, file)) return false;
    auto waiting = waiting_.find(patch);
    if (waiting == waiting_.end()) {
      if (!is_kept(patch, is_wanted)) return false;
      waiting = waiting_.try_emplace(patch).first;
    }
    waiting->second.push_back({file, take_file_(*reader_)});
    waiting_bytes_ += waiting->second.back().bytes.size();
    if (waiting->second.size() == patches_.files_of(patch).size()) {
      hand_over(waiting, raw);
      return true;
    }
    check_waiting_bytes();
    return false;
  }

  // The files of one patch mostly lie together.
  bool is_kept(const std::string& patch, const IsWanted& is_wanted) {
    if (patch != last_unwanted_ && is_wanted(patch)) return true;
    last_unwanted_ = patch;
    return false;
  }

  using Waiting = std::map<std::string, std::vector<RawSample::Member>>;

  void hand_over(Waiting::iterator patch, RawSample& raw) {
    raw.key = patch->first;
    raw.members = std::move(patch->second);
    raw.damage.clear();
    for (const RawSample::Member& file : raw.members) waiting_bytes_ -= file.bytes.size();
    waiting_.erase(patch);
  }

  void check_waiting_bytes() const {
    if (waiting_bytes_ <= max_waiting_bytes_) return;
    throw Error(
        ErrorKind::io,
        fmt::format("{}: {} patches, {} among them, wait for files that lie far behind in the archive, with {} MB "
                    "so far; unpack it, or pack it again patch by patch",
                    patches_.options().source.string(), waiting_.size(), waiting_.begin()->first,
                    waiting_bytes_ >> 20));
  }

  // What is left when the archive has ended; then the damage itself, if that is why.
  bool next_incomplete(RawSample& raw) {
    if (!waiting_.empty()) {
      const auto patch = waiting_.begin();
      const std::string missing = missing_file(patch->first, patch->second);
      hand_over(patch, raw);
      raw.members.clear();
      raw.damage = fmt::format("{}: the archive has no {}", patches_.options().source.string(), missing);
      if (!damage_.empty()) raw.damage = fmt::format("{} is missing: {}", missing, damage_);
      return true;
    }
    if (!damage_.empty()) throw Error(ErrorKind::input, std::exchange(damage_, ""));
    return false;
  }

  std::string missing_file(const std::string& patch, const std::vector<RawSample::Member>& files) const {
    for (const std::string& name : patches_.files_of(patch)) {
      const bool is_there =
          std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.name == name; });
      if (!is_there) return name;
    }
    return patch;  // a file came twice
  }

  BigEarthNetPatches patches_;
  std::size_t max_waiting_bytes_;
  TakeFile take_file_;
  std::optional<ArchiveMemberReader> reader_;
  bool is_at_end_ = false;
  Waiting waiting_;  // by patch: the files that have come
  std::size_t waiting_bytes_ = 0;
  std::string last_unwanted_;
  std::string damage_;
};

// A tar that is not compressed: the places of all files are learnt from its headers first.
class BigEarthNetTar : public ArchiveCatalogue {
 public:
  explicit BigEarthNetTar(BigEarthNetOptions options)
      : tar_(options.source), places_(std::move(options), std::numeric_limits<std::size_t>::max(), take_place) {}

  ArchiveLayout survey() override { return places_.survey(); }
  void prepare() override { places_.prepare(); }

  std::vector<ArchiveEntry> list() override {
    const auto all = [](const std::string&) { return true; };
    std::vector<ArchiveEntry> entries;
    try {
      for (RawSample patch; places_.next(patch, all);)
        entries.push_back({patch.key, locator_of(patch), kUnlisted, std::move(patch.damage)});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;
      damage_ = error.what();
    }
    return entries;
  }

  std::string damage() const override { return damage_; }

  void read(const ArchiveEntry& entry, RawSample& raw) const override {
    raw.members = read_tar_files(tar_, entry.locator);
    for (RawSample::Member& file : raw.members) file.name = fs::path(file.name).filename().string();
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    places_.decode(layout, raw, sample);
  }

 private:
  static std::string take_place(ArchiveMemberReader& reader) { return place_text(reader.place()); }

  static std::string locator_of(const RawSample& patch) {
    std::string places;
    for (const RawSample::Member& file : patch.members) places += file.bytes;
    return join_places(places);
  }

  fs::path tar_;
  BigEarthNetStream places_;
  std::string damage_;
};

}  // namespace

Archive open_bigearthnet(BigEarthNetOptions options, std::size_t max_waiting_bytes) {
  if (is_plain_tar(options.source)) return std::make_unique<BigEarthNetTar>(std::move(options));
  if (is_archive_file(options.source)) {
    return std::make_unique<BigEarthNetStream>(std::move(options), max_waiting_bytes,
                                               [](ArchiveMemberReader& reader) { return reader.read(); });
  }
  return std::make_unique<BigEarthNetTree>(std::move(options));
}

}  // namespace eoshard::ingest
