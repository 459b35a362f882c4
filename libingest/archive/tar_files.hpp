// Files inside a tar that is not compressed, read in any order once it is known where they lie.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/archive/archive_member_reader.hpp"
#include "libingest/archive/archive_source.hpp"

namespace eoshard::ingest {

/// A place as text, for a locator; several may follow one another.
std::string place_text(const TarPlace& place);

/// `text`, several texts of places, as one, in the order of the tar and with neighbours joined.
std::string join_places(std::string_view text);

/// The files that lie at `places`, with their full names. Thread-safe. @throws Error{input|io} naming the tar.
std::vector<RawSample::Member> read_tar_files(const std::filesystem::path& tar, std::string_view places);

}  // namespace eoshard::ingest
