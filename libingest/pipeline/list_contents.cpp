#include "libingest/pipeline/list_contents.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/checksum.hpp"
#include "libingest/core/error.hpp"
#include "libingest/label/patch_labeler.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

bool is_label_table(const std::string& labels) {
  if (labels == kNoLabels || !fs::is_regular_file(labels)) return false;
  const LabelKind kind = detect_label_kind(labels);
  return kind == LabelKind::csv || kind == LabelKind::parquet;
}

std::vector<std::string> files_of(const IngestOptions& options) {
  std::vector<std::string> files = options.exclude_lists;
  files.insert(files.end(), options.include_lists.begin(), options.include_lists.end());
  files.insert(files.end(), options.v2_metadata.begin(), options.v2_metadata.end());
  for (const std::string& list : parse_split_rule(options.split, options.seed).lists) files.push_back(list);
  if (is_label_table(options.labels)) files.push_back(options.labels);
  return files;
}

std::vector<std::string> files_of(const PackOptions& options) {
  std::vector<std::string> files = options.exclude_lists;
  files.insert(files.end(), options.metadata.begin(), options.metadata.end());
  if (options.split.empty()) return files;
  for (const std::string& list : parse_split_rule(options.split, options.seed).lists) files.push_back(list);
  return files;
}

template <class Options>
std::map<std::string, std::string> checksums_of_files(const Options& options, const Communicator& world) {
  nlohmann::json checksums = nlohmann::json::object();
  world.agree([&] {
    if (!world.is_root()) return;
    for (const std::string& file : files_of(options)) {
      if (fs::is_regular_file(file)) checksums[canonical_path_text(file)] = file_checksum(file, ChecksumKind::sha3_256);
    }
  });
  return nlohmann::json::parse(world.broadcast(checksums.dump()));
}

std::string state_of_file(const fs::path& file) {
  return fmt::format("{} bytes, of {}", fs::file_size(file), fs::last_write_time(file).time_since_epoch().count());
}

// A folder that others have put in its place has another number, or was made later.
std::string state_of_folder(const fs::path& folder) {
  struct statx state {};
  if (statx(AT_FDCWD, folder.c_str(), 0, STATX_INO | STATX_BTIME, &state) != 0) return "";
  return fmt::format("folder {}, made {}.{:09}", state.stx_ino, state.stx_btime.tv_sec, state.stx_btime.tv_nsec);
}

}  // namespace

std::map<std::string, std::string> checksums_of_lists(const IngestOptions& options, const Communicator& world) {
  return checksums_of_files(options, world);
}

std::map<std::string, std::string> checksums_of_lists(const PackOptions& options, const Communicator& world) {
  return checksums_of_files(options, world);
}

std::map<std::string, std::string> identity_of_source(const std::string& source) {
  if (!fs::is_directory(source)) return {{canonical_path_text(source), state_of_file(source)}};
  std::map<std::string, std::string> states = {{canonical_path_text(source), state_of_folder(source)}};
  for (const auto& file : fs::directory_iterator(source)) {
    const bool may_hold_samples = file.path().extension() == ".csv" || file.path().extension() == ".mat";
    if (may_hold_samples && file.is_regular_file())
      states[canonical_path_text(file.path().string())] = state_of_file(file.path());
  }
  return states;
}

}  // namespace eoshard::ingest
