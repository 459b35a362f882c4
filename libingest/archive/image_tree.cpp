#include "libingest/archive/image_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "libingest/archive/archive_member_reader.hpp"
#include "libingest/archive/image_names.hpp"
#include "libingest/archive/picture.hpp"
#include "libingest/archive/tar_files.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {
namespace {

// --- what both forms share

void check_band_names(const std::vector<std::string>& names, const Picture& first, const std::string& name) {
  if (names.size() == static_cast<std::size_t>(first.shape().bands)) return;
  throw Error(ErrorKind::usage,
              fmt::format("--band-names gives {} names, but {} has {}", names.size(), name, to_string(first.shape())));
}

int common_side(const PictureShape& shape, const std::string& name, int resize_px) {
  if (resize_px > 0) return resize_px;
  if (shape.width_px == shape.height_px) return shape.width_px;
  throw Error(ErrorKind::input,
              fmt::format("{} has {}: images must be square, or be resampled by --resize N", name, to_string(shape)));
}

// The layout of a dataset whose first image is `file`.
ArchiveLayout layout_after(const RawSample::Member& file, std::vector<std::string> classes,
                           const ImagesOptions& options) {
  const Picture first(file.bytes, file.name);
  if (!options.band_names.empty()) check_band_names(options.band_names, first, file.name);
  ArchiveArray data;
  data.name = "data";
  data.bands = options.band_names.empty() ? first.band_names() : options.band_names;
  data.side_px = common_side(first.shape(), file.name, options.resize_px);
  data.bytes_a_value = first.shape().bytes_a_value;
  ArchiveLayout layout;
  layout.arrays = {data};
  layout.task = LabelTask::single_label;
  layout.nomenclature = "images";
  layout.classes = std::move(classes);
  layout.quantification_value = data.bytes_a_value == 1 ? 255 : 10000;  // 16 bits: as Sentinel-2 products
  return layout;
}

void check_shape(const PictureShape& shape, const ArchiveArray& array, bool may_resize, const std::string& name) {
  const int side = array.side_px;
  const PictureShape wanted{may_resize ? shape.width_px : side, may_resize ? shape.height_px : side,
                            static_cast<int>(array.bands.size()), array.bytes_a_value};
  if (shape == wanted) return;
  const bool can_help = shape.bands == wanted.bands && shape.bytes_a_value == wanted.bytes_a_value;
  throw Error(ErrorKind::input, fmt::format("{} has {}, but the first image has {}{}", name, to_string(shape),
                                            to_string(wanted), can_help ? ": --resize N makes them equal" : ""));
}

void decode_image(const ArchiveLayout& layout, const RawSample& raw, int resize_px, DecodedSample& sample) {
  const RawSample::Member& file = raw.members.at(0);
  const ArchiveArray& array = layout.arrays.at(0);
  const Picture picture(file.bytes, file.name);
  check_shape(picture.shape(), array, resize_px > 0, file.name);
  sample.labels = {class_of_image(file.name)};
  sample.fields.clear();
  sample.arrays.resize(1);
  if (picture.shape().width_px == array.side_px && picture.shape().height_px == array.side_px) {
    picture.read(sample.arrays[0]);
  } else {
    picture.read_resized(array.side_px, sample.arrays[0]);
  }
}

// --- folders

std::vector<std::string> files_below(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  try {
    const auto options = std::filesystem::directory_options::follow_directory_symlink;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, options)) {
      if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(folder).generic_string());
    }
  } catch (const std::filesystem::filesystem_error& failure) {
    throw Error(ErrorKind::io, fmt::format("cannot list {}: {}", folder.string(), failure.code().message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ImageFolder final : public ArchiveCatalogue {
 public:
  explicit ImageFolder(ImagesOptions options) : options_(std::move(options)) {}

  ArchiveLayout survey() override {
    names_.emplace(files_below(options_.source), options_.source.string());
    const std::string& first = names_->entries().front().locator;
    return layout_after({first, read_text_file(options_.source / first)}, names_->classes(), options_);
  }

  std::vector<ArchiveEntry> list() override { return names_->entries(); }

  void read(const ArchiveEntry& entry, RawSample& raw) const override {
    raw.members.resize(1);
    raw.members[0] = {entry.locator, read_text_file(options_.source / entry.locator)};
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    decode_image(layout, raw, options_.resize_px, sample);
  }

 private:
  ImagesOptions options_;
  std::optional<ImageNames> names_;
};

// --- tars that are not compressed

class ImageTar final : public ArchiveCatalogue {
 public:
  explicit ImageTar(ImagesOptions options) : options_(std::move(options)) {}

  ArchiveLayout survey() override {
    const std::vector<std::string> names = find_images();
    const ImageNames images(names, options_.source.string());
    entries_ = images.entries();
    for (ArchiveEntry& entry : entries_) entry.locator = places_.at(entry.locator);
    const auto first = std::find_if(names.begin(), names.end(), is_image_name);
    return layout_after(read_tar_files(options_.source, places_.at(*first)).at(0), images.classes(), options_);
  }

  std::vector<ArchiveEntry> list() override { return std::move(entries_); }

  std::string damage() const override { return damage_; }

  void read(const ArchiveEntry& entry, RawSample& raw) const override {
    raw.members = read_tar_files(options_.source, entry.locator);
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    decode_image(layout, raw, options_.resize_px, sample);
  }

 private:
  // Notes where images lie, as far as the tar can be read. Returns the names of all files.
  std::vector<std::string> find_images() {
    std::vector<std::string> names;
    ArchiveMemberReader reader(options_.source);
    try {
      while (const auto name = reader.next()) {
        if (is_image_name(*name)) places_[*name] = place_text(reader.place());
        names.push_back(*name);
      }
    } catch (const Error& error) {
      if (places_.empty()) throw;
      damage_ = error.what();
    }
    return names;
  }

  ImagesOptions options_;
  std::map<std::string, std::string> places_;  // by name
  std::vector<ArchiveEntry> entries_;
  std::string damage_;
};

// --- compressed tars, zip and rar

// The names of an archive's files, and the first image among them. What follows a damage is not there; who reads the
// archive again meets the damage again.
struct ArchiveContents {
  std::vector<std::string> names;
  RawSample::Member first;

  explicit ArchiveContents(const std::filesystem::path& path) {
    ArchiveMemberReader reader(path);
    try {
      while (const auto name = reader.next()) {
        names.push_back(*name);
        if (first.name.empty() && is_image_name(*name)) first = {*name, reader.read()};
      }
    } catch (const Error&) {
      if (first.name.empty()) throw;
    }
  }
};

class ImageArchive final : public ArchiveStream {
 public:
  explicit ImageArchive(ImagesOptions options) : options_(std::move(options)) {}

  ArchiveLayout survey() override {
    const ArchiveContents contents(options_.source);
    const ImageNames names(contents.names, options_.source.string());
    for (const ArchiveEntry& entry : names.entries()) entries_.emplace(entry.locator, entry);
    reader_.emplace(options_.source);
    return layout_after(contents.first, names.classes(), options_);
  }

  bool next(RawSample& raw, const IsWanted& is_wanted) override {
    while (reader_) {
      const auto name = reader_->next();
      if (!name) return false;
      const auto entry = entries_.find(*name);
      if (entry == entries_.end() || !is_wanted(entry->second.key)) continue;
      fill(raw, entry->second);
      return true;
    }
    return false;
  }

  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const override {
    decode_image(layout, raw, options_.resize_px, sample);
  }

 private:
  void fill(RawSample& raw, const ArchiveEntry& entry) {
    raw.key = entry.key;
    raw.split = entry.split;
    raw.damage.clear();
    raw.members.resize(1);
    raw.members[0].name = entry.locator;
    try {
      raw.members[0].bytes = reader_->read();
    } catch (const Error& error) {
      raw.damage = error.what();
      reader_.reset();
    }
  }

  ImagesOptions options_;
  std::map<std::string, ArchiveEntry> entries_;  // by name
  std::optional<ArchiveMemberReader> reader_;    // none behind a damage
};

}  // namespace

Archive open_images(ImagesOptions options) {
  if (is_plain_tar(options.source)) return std::make_unique<ImageTar>(std::move(options));
  if (is_archive_file(options.source)) return std::make_unique<ImageArchive>(std::move(options));
  return std::make_unique<ImageFolder>(std::move(options));
}

}  // namespace eoshard::ingest
