// Which scene a product shows and which processing of it it is, told from names; which of several to keep. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard::ingest {

/// What patch ids begin with, after the compact naming convention (Sentinel-2 Products Specification Document):
/// "S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP".
struct IdStem {
  std::string spacecraft;  ///< "S2A"
  std::string sensed;      ///< start of the datatake, "20170613T101031"
  std::string baseline;    ///< "0205"
  int relative_orbit = 0;  ///< 22
  std::string mgrs_tile;   ///< "T33UUP"

  /// @throws Error{input} when a field is not of the convention's form.
  std::string text() const;
};

/// Whether `name` is a compact product name: "S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP_20170613T101608".
bool is_compact_name(std::string_view name);

/// Whether `tile` is like "T33UUP".
bool is_mgrs_tile(std::string_view tile);

/// "2017-06-13T10:10:31.026Z" → "20170613T101031"
std::string compact_time(std::string_view iso_time);

/// "Sentinel-2A" → "S2A"; "" for another spacecraft.
std::string spacecraft_code(std::string_view spacecraft_name);

/// An id stem without its baseline: the same for every processing of a granule.
std::string scene_of(const std::string& id_stem);

/// One granule that a run was given.
struct Candidate {
  std::string id_stem;
  std::string processed;  ///< "20170613T101608"
  std::string source;     ///< for messages
};

/// A granule left out because a newer processing of the same scene was given.
struct Superseded {
  std::size_t older = 0;
  std::size_t newer = 0;
};

/// Of every scene the candidate of the newest baseline, then of the latest processing, stays; the others are listed.
/// @throws Error{input} naming both sources when two are the same processing of the same scene: their patches would
/// have the same ids.
std::vector<Superseded> find_superseded(std::span<const Candidate> candidates);

}  // namespace eoshard::ingest
