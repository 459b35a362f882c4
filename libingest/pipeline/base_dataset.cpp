#include "libingest/pipeline/base_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <span>
#include <sstream>

#include "libingest/core/file.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/stored_array.hpp"
#include "libingest/table/csv_reader.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifestCopy = "dataset.json";

std::string part_name(std::size_t split, const std::string& array) {
  return fmt::format("{}.{}", kSplitNames[split], array);
}

class BaseCopy {
 public:
  explicit BaseCopy(const WorkFolder& work) : work_(work), manifest_(read_manifest(work.out())) {}

  void run() const {
    for (std::size_t split = 0; split < kSplitNames.size(); ++split) {
      if (tail_samples(split) == 0) continue;
      for (const ImageArray& array : manifest_.arrays) save_image_tail(split, image_spec(array));
      if (!manifest_.classes.empty()) save_row_tail(split, classes_spec(manifest_.classes.size()));
      save_row_tail(split, patch_id_spec());
    }
    for (const char* table : {"samples.csv", "rejected.csv"}) copy(table);
    copy(kManifestCopy);  // last: with it the copy is complete
  }

 private:
  std::int64_t samples(std::size_t split) const { return manifest_.split(std::string(kSplitNames[split])).samples; }
  std::int64_t tail_samples(std::size_t split) const { return samples(split) % kShardSamples; }

  std::unique_ptr<StoredArray> open(std::size_t split, const ArraySpec& spec) const {
    return open_stored_array(work_.out(), std::string(kSplitNames[split]), manifest_.formats, spec, samples(split));
  }

  void save_image_tail(std::size_t split, const ArraySpec& spec) const {
    const std::unique_ptr<StoredArray> array = open(split, spec);
    ChunkEncoder encoder(spec.codec);
    ChunkDecoder decoder(spec.codec);
    std::vector<std::byte> values(spec.sample_bytes()), scratch;
    PartWriter part(work_.base_file(part_name(split, spec.name)));
    for (std::int64_t index = samples(split) - tail_samples(split); index < samples(split); ++index) {
      array->read_sample(index, values, decoder, scratch);
      part.append({}, encoder.encode(values));
    }
    part.close();
  }

  void save_row_tail(std::size_t split, const ArraySpec& spec) const {
    std::vector<std::byte> rows = open(split, spec)->read_shard_rows(samples(split) / kShardSamples);
    rows.resize(spec.sample_bytes() * static_cast<std::size_t>(tail_samples(split)));
    AtomicFile file(work_.base_file(part_name(split, spec.name)));
    file.write(rows);
    file.commit(Durability::rename_only);
  }

  void copy(const std::string& name) const {
    write_file(work_.base_file(name), read_text_file(work_.out() / name), Durability::fsync);
  }

  const WorkFolder& work_;
  DatasetManifest manifest_;
};

// The lines of a table for which `is_wanted(line)`, at most `limit`, without the header.
template <class Predicate>
std::string select_lines(const std::string& table, std::uint64_t limit, const Predicate& is_wanted) {
  std::istringstream lines(table);
  std::string line, selected;
  std::getline(lines, line);
  for (std::uint64_t count = 0; count < limit && std::getline(lines, line);) {
    if (!is_wanted(line)) continue;
    selected += line + '\n';
    ++count;
  }
  return selected;
}

[[noreturn]] void throw_damaged_row(const CsvReader& table, const std::string& text) {
  throw Error(ErrorKind::input,
              fmt::format("samples.csv, row {}: '{}' is out of place; the dataset is damaged", table.row(), text));
}

std::int64_t whole_number(const CsvReader& table, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) throw_damaged_row(table, text);
  return number;
}

}  // namespace

void save_base(const WorkFolder& work) {
  if (fs::exists(work.base_file(kManifestCopy))) return;
  with_context("--append", [&] { BaseCopy(work).run(); });
}

bool is_append_committed(const WorkFolder& work) {
  const fs::path copy = work.base_file(kManifestCopy);
  return fs::exists(copy) && read_text_file(copy) != read_text_file(work.out() / kManifestName);
}

std::string read_base_manifest(const WorkFolder& work) { return read_text_file(work.base_file(kManifestCopy)); }

BaseDataset::BaseDataset(const WorkFolder& work, const std::string& manifest_text)
    : work_(work), manifest_(parse_manifest(manifest_text)) {}

std::int64_t BaseDataset::samples(std::size_t split) const {
  return manifest_.split(std::string(kSplitNames[split])).samples;
}

void BaseDataset::read_chunk(std::size_t split, const std::string& array, std::int64_t index,
                             std::vector<std::byte>& chunk) {
  const auto key = std::pair(split, array);
  auto part = parts_.find(key);
  if (part == parts_.end()) part = parts_.emplace(key, PartReader(work_.base_file(part_name(split, array)))).first;
  const auto position = static_cast<std::size_t>(index - first_of_tail(split));
  part->second.read_chunk(part->second.entries().at(position), chunk);
}

std::vector<std::byte> BaseDataset::tail_rows(std::size_t split, const std::string& array) const {
  if (samples(split) % kShardSamples == 0) return {};
  const std::string bytes = read_text_file(work_.base_file(part_name(split, array)));
  const auto values = std::as_bytes(std::span(bytes));
  return {values.begin(), values.end()};
}

void BaseDataset::for_each_sample(const std::function<void(const GroundSquare&, int)>& visit) const {
  CsvReader table(work_.base_file("samples.csv"));
  const std::size_t split = table.column("split"), epsg = table.column("epsg");
  const std::size_t ulx = table.column("ulx"), uly = table.column("uly");
  std::array<std::int64_t, kSplitNames.size()> seen{};
  std::vector<std::string> row;
  while (table.next(row)) {
    const auto index =
        static_cast<std::size_t>(std::find(kSplitNames.begin(), kSplitNames.end(), row[split]) - kSplitNames.begin());
    if (index == kSplitNames.size()) throw_damaged_row(table, row[split]);
    if (seen[index]++ >= samples(index)) continue;  // of an append that was given up
    visit({static_cast<int>(whole_number(table, row[epsg])), whole_number(table, row[ulx]),
           whole_number(table, row[uly])},
          static_cast<int>(index));
  }
}

std::string BaseDataset::sample_rows(std::size_t split) const {
  const std::string prefix = std::string(kSplitNames[split]) + ",";
  return select_lines(read_text_file(work_.base_file("samples.csv")), static_cast<std::uint64_t>(samples(split)),
                      [&](const std::string& line) { return line.starts_with(prefix); });
}

std::string BaseDataset::rejected_rows() const {
  std::uint64_t rejected = 0;
  for (const auto& [reason, patches] : manifest_.rejected) rejected += patches;
  return select_lines(read_text_file(work_.base_file("rejected.csv")), rejected,
                      [](const std::string&) { return true; });
}

}  // namespace eoshard::ingest
