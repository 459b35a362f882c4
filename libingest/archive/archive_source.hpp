// What a published archive gives to the packing pipeline: what its samples look like, which samples there are, and the
// values of each. An archive is a catalogue, whose samples any rank reads by itself, or a stream, which the root rank
// reads from its beginning to its end and deals out.
//
// The root rank alone calls survey() and, then, list() or next(). Samples travel to the ranks as they lie in the
// archive (RawSample); every rank decodes those that it gets, on all its threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// One image array that every sample has. Square, bands first.
struct ArchiveArray {
  enum class Content { reflectance, label_map };

  std::string name;                ///< "data", "data_10m", "label_map"
  int resolution_m = 0;            ///< 0 where the archive does not say
  std::vector<std::string> bands;  ///< along the band axis, each once
  int side_px = 0;                 ///< rows and columns
  int bytes_a_value = 2;           ///< 1: uint8, 2: uint16
  Content content = Content::reflectance;

  std::size_t sample_bytes() const {
    return bands.size() * static_cast<std::size_t>(side_px * side_px * bytes_a_value);
  }
};

enum class LabelTask { multi_label, single_label };

/// What all samples of an archive share. The root's survey() is sent to every rank.
struct ArchiveLayout {
  std::vector<ArchiveArray> arrays;
  LabelTask task = LabelTask::multi_label;
  std::string nomenclature;          ///< what the manifest calls the classes: "sat-6"; "" where `classes` is empty
  std::vector<std::string> classes;  ///< in the order of the label columns; empty: labels are land-cover names, and
                                     ///< --nomenclature gives the classes
  std::vector<std::string> columns;  ///< of samples.csv, between patch_id and labels: "acquired", "epsg", ...
  double quantification_value = 1;   ///< stored units per unit of reflectance; 255 for pictures
};

/// A layout for the other ranks; `parse_layout` is its inverse.
std::string layout_text(const ArchiveLayout& layout);
ArchiveLayout parse_layout(const std::string& text);

inline constexpr int kUnlisted = -1;

/// One sample of a catalogue.
struct ArchiveEntry {
  std::string key;        ///< unique in the archive; becomes the patch id (at most 64 bytes), and orders the dataset
  std::string locator;    ///< for read(): a path, a number, ...; may be empty
  int split = kUnlisted;  ///< index into kSplitNames where the archive itself says it
  std::string damage;     ///< not empty: the sample is incomplete, and why, with the member's name; then never read
};

/// The bytes of a sample as they lie in the archive: files with their names, or whatever decode() understands.
struct RawSample {
  struct Member {
    std::string name;  ///< as messages name it
    std::string bytes;
  };
  std::string key;
  int split = kUnlisted;  ///< as ArchiveEntry's; for streams
  std::vector<Member> members;
  std::string damage;  ///< not empty: the sample is incomplete, and why, with the member's name; then never decoded
};

/// A sample's values. Reused from call to call: decode() overwrites all.
struct DecodedSample {
  std::vector<std::string> labels;             ///< of the layout's classes, or land-cover names
  std::vector<std::string> fields;             ///< one a column of the layout
  std::vector<std::vector<std::byte>> arrays;  ///< sample_bytes() each, C order (band, row, column), little-endian
};

/// What both kinds of archives share.
class ArchiveSource {
 public:
  virtual ~ArchiveSource() = default;

  /// Looks at the archive. Root rank, once, before all else. @throws Error{input} saying what was looked for and what
  /// was found when the archive is laid out in another way.
  virtual ArchiveLayout survey() = 0;

  /// Puts what decode() needs besides into the run's folder. Root rank, once, after survey(). @throws Error{input|io}
  virtual void prepare() {}

  /// Decodes a sample that read() or next() gave, on any rank and any thread; `layout` is the root's survey().
  /// @throws Error{input} naming the member that is damaged, missing or of another shape.
  virtual void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const = 0;
};

/// An archive whose samples can be read in any order.
class ArchiveCatalogue : public ArchiveSource {
 public:
  /// Every sample, in any order. Root rank, once, after survey(). @throws Error{input}
  virtual std::vector<ArchiveEntry> list() = 0;

  /// After list(): why it could list the archive's beginning only, with the member's name; empty when that is not so.
  virtual std::string damage() const { return ""; }

  /// Fills raw.members on any rank and any thread; key and split are filled in by the caller. @throws Error{input|io}
  virtual void read(const ArchiveEntry& entry, RawSample& raw) const = 0;
};

/// An archive that can only be read from its beginning to its end.
class ArchiveStream : public ArchiveSource {
 public:
  /// Asked once a sample, as soon as its key is known: bytes of a sample that is not wanted need not be kept.
  using IsWanted = std::function<bool(const std::string& key)>;

  /// The next complete sample that is wanted; false at the end. Root rank, one thread at a time, after survey(). Where
  /// the archive is damaged the samples that it leaves incomplete come with `damage`, then the end.
  /// @throws Error{input} when nothing more can be read, e.g. when more files wait for their sample than memory allows.
  virtual bool next(RawSample& raw, const IsWanted& is_wanted) = 0;
};

/// One of the two. Every rank opens the archive for itself; constructors do no more than remember where it lies.
using Archive = std::variant<std::unique_ptr<ArchiveCatalogue>, std::unique_ptr<ArchiveStream>>;

}  // namespace eoshard::ingest
