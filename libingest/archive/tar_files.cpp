#include "libingest/archive/tar_files.hpp"

#include <algorithm>
#include <span>

#include "libingest/core/byte_stream.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {
namespace {

std::vector<TarPlace> parse_places(std::string_view text) {
  std::vector<TarPlace> places;
  for (ByteReader reader(text); !reader.is_at_end();) places.push_back(reader.number<TarPlace>());
  return places;
}

}  // namespace

std::string place_text(const TarPlace& place) {
  ByteWriter writer;
  writer.number(place);
  return writer.take();
}

std::string join_places(std::string_view text) {
  std::vector<TarPlace> places = parse_places(text);
  std::sort(places.begin(), places.end(), [](const auto& one, const auto& other) { return one.offset < other.offset; });
  std::vector<TarPlace> joined;
  for (const TarPlace& place : places) {
    if (joined.empty() || joined.back().offset + joined.back().bytes != place.offset) {
      joined.push_back(place);
    } else {
      joined.back().bytes += place.bytes;
    }
  }
  ByteWriter writer;
  for (const TarPlace& place : joined) writer.number(place);
  return writer.take();
}

std::vector<RawSample::Member> read_tar_files(const std::filesystem::path& tar, std::string_view places) {
  std::vector<RawSample::Member> files;
  const FileDescriptor file = open_for_reading(tar);
  std::string piece;
  for (const TarPlace& place : parse_places(places)) {
    piece.resize(static_cast<std::size_t>(place.bytes));
    read_exactly(file, place.offset, std::as_writable_bytes(std::span(piece)), tar);
    ArchiveMemberReader reader(tar, piece);
    while (const auto name = reader.next()) files.push_back({*name, reader.read()});
  }
  return files;
}

}  // namespace eoshard::ingest
