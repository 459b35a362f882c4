#include "libingest/archive/sat_csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <ranges>
#include <span>

#include "libingest/archive/byte_values.hpp"
#include "libingest/archive/line_reader.hpp"
#include "libingest/archive/sat_annotations.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Path = std::filesystem::path;

constexpr std::array<std::size_t, 2> kSplits = {0, 2};  // train and test, of kSplitNames

// --- which files

std::vector<std::string> parts_of_name(const Path& file) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(file.stem().string(), '_')) parts.emplace_back(part.begin(), part.end());
  return parts;
}

bool has_part(const Path& file, std::string_view part) {
  const std::vector<std::string> parts = parts_of_name(file);
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

std::vector<Path> csv_files_in(const Path& folder) {
  std::vector<Path> files;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  if (failure) throw Error(ErrorKind::io, fmt::format("cannot list {}: {}", folder.string(), failure.message()));
  std::sort(files.begin(), files.end());
  return files;
}

std::string join_names(const std::vector<Path>& files) {
  std::vector<std::string> names;
  for (const Path& file : files) names.push_back(file.filename().string());
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// The one file of `split` with images ("X") or labels ("y").
Path find_csv(const SatDataset& dataset, const Path& folder, std::string_view split, std::string_view content) {
  const std::string_view other = short_name(dataset) == "sat6" ? "sat4" : "sat6";
  const std::vector<Path> files = csv_files_in(folder);
  std::vector<Path> found;
  for (const Path& file : files) {
    if (has_part(file, split) && has_part(file, content) && !has_part(file, other)) found.push_back(file);
  }
  if (found.size() == 1) return found.front();
  throw Error(
      ErrorKind::input,
      fmt::format("{}: looked for {}-full.mat, and for one CSV file with {} and {} in its name, such as {}_{}_{}.csv,"
                  " but found {}; its CSV files are: {}",
                  folder.string(), dataset.name, content, split, content, split, short_name(dataset),
                  found.empty() ? "neither" : "more than one", join_names(files)));
}

// --- lines

std::size_t count_columns(std::string_view line) {
  return static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) + 1;
}

void check_columns(std::string_view line, std::size_t columns, std::string_view place) {
  const std::size_t found = count_columns(line);
  if (found == columns) return;
  throw Error(ErrorKind::input, fmt::format("{} has {} columns instead of {}", place, found, columns));
}

[[noreturn]] void refuse_value(std::string_view line, const char* begin, std::size_t column, std::string_view place) {
  const std::string_view rest = line.substr(static_cast<std::size_t>(begin - line.data()));
  throw Error(ErrorKind::input, fmt::format("{}: column {}: '{}' is no whole number from 0 to 255", place, column + 1,
                                            rest.substr(0, std::min<std::size_t>(rest.find(','), 20))));
}

// Numbers may have any number of zeros before them.
void read_carefully(std::string_view line, std::string_view place, std::span<std::uint8_t> values) {
  check_columns(line, values.size(), place);
  const char* const end = line.data() + line.size();
  const char* begin = line.data();
  for (std::size_t column = 0; column < values.size(); ++column) {
    const auto [stop, status] = std::from_chars(begin, end, values[column]);
    if (status != std::errc() || (stop != end && *stop != ',')) refuse_value(line, begin, column, place);
    begin = stop + 1;
  }
}

// Which line it is, and what is wrong with it, is looked for only when it is not as nearly all are.
void read_values(const RawSample::Member& line, std::span<std::uint8_t> values) {
  if (!read_byte_values(line.bytes, values)) read_carefully(line.bytes, line.name, values);
}

// (row, column, band) to (band, row, column).
void read_image(const RawSample::Member& line, std::vector<std::byte>& out) {
  std::array<std::uint8_t, kSatSampleValues> values;
  read_values(line, values);
  out.resize(kSatSampleValues);
  for (std::size_t band = 0; band < kSatBands; ++band) {
    std::byte* const plane = out.data() + band * kSatPlaneValues;
    for (std::size_t pixel = 0; pixel < kSatPlaneValues; ++pixel)
      plane[pixel] = std::byte{values[pixel * kSatBands + band]};
  }
}

std::vector<double> read_label(const RawSample::Member& line, std::size_t classes) {
  std::vector<std::uint8_t> values(classes);
  read_values(line, values);
  return {values.begin(), values.end()};
}

// --- the pairs

// Images and labels of one split.
struct SatCsvSplit {
  SatCsvSplit(const SatDataset& dataset, const Path& folder, std::string_view split)
      : images(find_csv(dataset, folder, split, "X")), labels(find_csv(dataset, folder, split, "y")) {}

  LineReader images;
  LineReader labels;
};

class SatCsv final : public ArchiveStream {
 public:
  SatCsv(const SatDataset& dataset, Path folder) : dataset_(dataset), folder_(std::move(folder)) {}

  ArchiveLayout survey() override {
    for (std::size_t part = 0; part < kSplits.size(); ++part) {
      parts_[part].emplace(dataset_, folder_, kSplitNames[kSplits[part]]);
    }
    return sat_layout(dataset_, sat_class_order(dataset_, folder_));
  }

  bool next(RawSample& raw, const IsWanted& is_wanted) override {
    for (; part_ < kSplits.size(); ++part_, index_ = 0) {
      std::string_view image, label;
      while (next_pair(*parts_[part_], image, label)) {
        raw.key = sat_key(kSplits[part_], index_++);
        if (!is_wanted(raw.key)) continue;
        fill(raw, image, label);
        return true;
      }
    }
    return false;
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    const RawSample::Member& label = raw.members.at(1);
    const std::vector<double> one_hot = read_label(label, layout.classes.size());
    sample.labels = {with_context(label.name, [&] { return sat_class(layout, one_hot); })};
    sample.fields.clear();
    sample.arrays.resize(1);
    read_image(raw.members[0], sample.arrays[0]);
  }

 private:
  static bool next_pair(SatCsvSplit& part, std::string_view& image, std::string_view& label) {
    const bool has_image = part.images.next(image), has_label = part.labels.next(label);
    if (has_image == has_label) return has_image;
    const LineReader& shorter = has_image ? part.labels : part.images;
    const LineReader& longer = has_image ? part.images : part.labels;
    throw Error(ErrorKind::input, fmt::format("{} ends behind line {}, but {} goes on: they are no pair, or one is cut",
                                              shorter.path().string(), shorter.number(), longer.path().string()));
  }

  void fill(RawSample& raw, std::string_view image, std::string_view label) const {
    const SatCsvSplit& part = *parts_[part_];
    raw.split = static_cast<int>(kSplits[part_]);
    raw.damage.clear();
    raw.members.resize(2);
    raw.members[0].name = part.images.place();
    raw.members[0].bytes = image;
    raw.members[1].name = part.labels.place();
    raw.members[1].bytes = label;
  }

  const SatDataset& dataset_;
  Path folder_;
  std::array<std::optional<SatCsvSplit>, kSplits.size()> parts_;
  std::size_t part_ = 0;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<ArchiveStream> open_sat_csv(const SatDataset& dataset, Path folder) {
  return std::make_unique<SatCsv>(dataset, std::move(folder));
}

}  // namespace eoshard::ingest
