#include "libingest/pipeline/work_folder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <system_error>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/out_place.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

// Every name that a dataset puts into its folder; nothing else is ever removed.
constexpr std::array<std::string_view, 13> kOwnNames = {
    kManifestName, "unfinished", "samples.csv", "rejected.csv", "train.zarr",    "validation.zarr", "test.zarr",
    "train",       "validation", "test",        "train.h5",     "validation.h5", "test.h5"};

constexpr const char* kPartSuffix = ".part";

// Entries of configurations that say what files hold.
constexpr const char* kListContents = "list_contents";
constexpr const char* kSourceContents = "source_contents";

// What MPI's file access keeps beside a file that is being written, and a killed run leaves:
// "train.h5.tmp-1-2278.lock".
bool is_mpi_lock(std::string_view name) {
  return name.find(".tmp-") != std::string_view::npos && name.ends_with(".lock");
}

bool is_own_name(const std::string& name) {
  const bool is_unfinished = name.ends_with(".tmp") || is_mpi_lock(name);
  const std::string stem = is_unfinished ? name.substr(0, name.find(".tmp")) : name;
  return std::find(kOwnNames.begin(), kOwnNames.end(), stem) != kOwnNames.end();
}

bool is_dataset(const fs::path& folder) {
  try {
    read_manifest(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// A dataset's folder holds nothing else: a second one in it would be in the way of --overwrite, and of copying it.
void refuse_dataset_above(const fs::path& out) {
  const fs::path whole = fs::weakly_canonical(fs::absolute(out));
  for (fs::path folder = whole.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
    if (!WorkFolder(folder).has_run() && !is_dataset(folder)) continue;
    throw Error(ErrorKind::usage, fmt::format("--out {}: this lies inside the dataset {}; name a folder outside of it",
                                              out.string(), folder.string()));
  }
}

// Names of entries that `theirs` lacks or has otherwise.
std::vector<std::string> differing_names(const nlohmann::json& mine, const nlohmann::json& theirs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : mine.items()) {
    if (!theirs.is_object() || !theirs.contains(name) || theirs[name] != value) names.push_back(name);
  }
  return names;
}

std::vector<std::string> differing_options(const std::string& mine, const std::string& theirs) {
  // Discarded when damaged: then all differ.
  return differing_names(nlohmann::json::parse(mine), nlohmann::json::parse(theirs, nullptr, false));
}

// Files that hold something else now; empty where options differ besides.
std::vector<std::string> changed_files(const std::string& mine, const std::string& theirs) {
  std::vector<std::string> files;
  for (const std::string& name : differing_options(mine, theirs)) {
    if (name != kListContents && name != kSourceContents) return {};
    const auto changed = differing_names(nlohmann::json::parse(mine)[name],
                                         nlohmann::json::parse(theirs, nullptr, false).value(name, nlohmann::json()));
    files.insert(files.end(), changed.begin(), changed.end());
  }
  return files;
}

// What appended products share with those before them: all but the products, the mode, and what lists say: they may
// have grown by the new products.
std::string options_of_dataset(const std::string& configuration) {
  auto options = nlohmann::json::parse(configuration);
  for (const char* name : {"sources", "append", "version", kListContents}) options.erase(name);
  return options.dump();
}

}  // namespace

bool WorkFolder::is_same_run(const std::string& configuration) const {
  return fs::exists(configuration_file()) && read_text_file(configuration_file()) == configuration;
}

bool WorkFolder::has_run() const {
  return with_out_place(out_, [&] { return fs::exists(configuration_file()); });
}

bool WorkFolder::has_parts() const {
  if (!fs::exists(folder())) return false;
  return std::any_of(fs::directory_iterator(folder()), {}, [](const fs::directory_entry& file) {
    const fs::path name = file.path().filename();
    return name.extension() == kPartSuffix || (name.extension() == ".tmp" && name.stem().extension() == kPartSuffix);
  });
}

std::vector<fs::path> WorkFolder::part_files(const std::string& array) const {
  std::vector<fs::path> parts;
  if (!fs::exists(folder())) return parts;
  for (const auto& file : fs::directory_iterator(folder())) {
    if (file.path().filename().string().ends_with("." + array + kPartSuffix)) parts.push_back(file.path());
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

void WorkFolder::check_is_ours() const {
  if (fs::exists(out_) && !fs::is_directory(out_)) {
    throw Error(ErrorKind::usage, fmt::format("--out {}: this is a file; name a new folder", out_.string()));
  }
  refuse_dataset_above(out_);
  if (!fs::exists(out_)) return;
  for (const auto& entry : fs::directory_iterator(out_)) {
    if (is_own_name(entry.path().filename().string())) continue;
    throw Error(ErrorKind::usage,
                fmt::format("--out {}: the folder holds {}, which is no part of a dataset; name a new folder",
                            out_.string(), entry.path().filename().string()));
  }
}

void WorkFolder::remove_locks() const {
  if (!fs::exists(out_)) return;
  std::vector<fs::path> locks;
  for (const auto& entry : fs::directory_iterator(out_)) {
    if (is_mpi_lock(entry.path().filename().string())) locks.push_back(entry.path());
  }
  for (const fs::path& lock : locks) fs::remove(lock);
}

void WorkFolder::remove_dataset() const {
  // The manifest goes first: a folder without it is no dataset, whatever happens next.
  fs::remove(out_ / kManifestName);
  for (const std::string_view name : kOwnNames) fs::remove_all(out_ / name);
}

std::filesystem::path WorkFolder::part_file(const std::string& product, const std::string& array) const {
  return folder() / (product + "." + array + kPartSuffix);
}

void WorkFolder::refuse_other_run(const std::string& configuration, const std::string& way_out) const {
  const std::string theirs = fs::exists(configuration_file()) ? read_text_file(configuration_file()) : "";
  const std::vector<std::string> changed = changed_files(configuration, theirs);
  if (!changed.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("--out {}: an unfinished run is there that began with another {} (by its contents, or its "
                            "size and time); put that back and repeat the command to go on with it, or {}",
                            out_.string(), fmt::join(changed, ", another "), way_out));
  }
  throw Error(ErrorKind::usage,
              fmt::format("--out {}: an unfinished run with other options is there (they differ in: {}); repeat its "
                          "command to go on with it, or {}",
                          out_.string(), fmt::join(differing_options(configuration, theirs), ", "), way_out));
}

void WorkFolder::write_configuration(const std::string& configuration) const {
  fs::create_directories(folder());
  write_file(configuration_file(), configuration, Durability::fsync);
}

WorkFolder::Start WorkFolder::prepare(const std::string& configuration, bool overwrite) const {
  const Start start = look(configuration, overwrite);
  if (start == Start::fresh) begin(configuration);
  return start;
}

WorkFolder::Start WorkFolder::look(const std::string& configuration, bool overwrite) const {
  return with_out_place(out_, [&] {
    check_is_ours();
    remove_locks();
    const bool is_finished = fs::exists(out_ / kManifestName);
    if (is_finished && is_same_run(configuration)) return Start::finished;
    if (is_finished && !overwrite) {
      throw Error(ErrorKind::usage,
                  fmt::format("--out {}: a finished dataset is there; use --overwrite to replace it, or "
                              "name another folder",
                              out_.string()));
    }
    if (!is_finished && is_same_run(configuration)) return Start::resumed;
    if (!is_finished && !overwrite && has_parts()) refuse_other_run(configuration, "use --overwrite to begin anew");
    return Start::fresh;
  });
}

void WorkFolder::begin(const std::string& configuration) const {
  with_out_place(out_, [&] {
    remove_dataset();
    write_configuration(configuration);
  });
}

void WorkFolder::remove_if_untouched() const {
  std::error_code failure;  // who calls has worse to tell
  const auto files = std::distance(fs::directory_iterator(folder(), failure), fs::directory_iterator());
  if (files == 1 && fs::exists(configuration_file(), failure)) fs::remove_all(folder(), failure);
}

WorkFolder::Start WorkFolder::prepare_append(const std::string& configuration) const {
  if (!fs::exists(out_ / kManifestName)) {
    throw Error(ErrorKind::usage, fmt::format("--append: {} holds no finished dataset", out_.string()));
  }
  if (is_same_run(configuration)) return Start::resumed;
  if (has_parts()) refuse_other_run(configuration, "remove " + folder().string() + " to give it up");
  const std::string theirs = options_of_dataset(read_manifest(out_).configuration_json);
  const std::vector<std::string> differing = differing_options(options_of_dataset(configuration), theirs);
  if (!differing.empty()) {
    throw Error(ErrorKind::usage, fmt::format("--append: {} was made with other options (they differ in: {})",
                                              out_.string(), fmt::join(differing, ", ")));
  }
  with_out_place(out_, [&] {
    fs::remove_all(folder());
    write_configuration(configuration);
  });
  return Start::fresh;
}

std::string WorkFolder::read_configuration() const {
  if (fs::exists(configuration_file())) return read_text_file(configuration_file());
  const char* reason = fs::exists(out_ / kManifestName) ? "its dataset is finished" : "no ingest was begun there";
  throw Error(ErrorKind::usage, fmt::format("--resume {}: there is nothing to go on with: {}", out_.string(), reason));
}

void WorkFolder::remove() const {
  // The configuration goes last: as long as it is there, the same command knows the folder for its own.
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path() != configuration_file()) fs::remove_all(entry.path());
  }
  fs::remove_all(folder());
}

}  // namespace eoshard::ingest
