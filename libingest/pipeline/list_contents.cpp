#include "libingest/pipeline/list_contents.hpp"

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

}  // namespace

std::map<std::string, std::string> checksums_of_lists(const IngestOptions& options, const Communicator& world) {
  nlohmann::json checksums = nlohmann::json::object();
  world.agree([&] {
    if (!world.is_root()) return;
    for (const std::string& file : files_of(options)) {
      if (fs::is_regular_file(file)) checksums[canonical_path_text(file)] = file_checksum(file, ChecksumKind::sha3_256);
    }
  });
  return nlohmann::json::parse(world.broadcast(checksums.dump()));
}

}  // namespace eoshard::ingest
