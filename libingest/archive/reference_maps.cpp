// The store: records (RecordHead, name, TIFF), then a Place a record, then Footer.
#include "libingest/archive/reference_maps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <type_traits>

#include "libingest/archive/archive_member_reader.hpp"
#include "libingest/archive/bigearthnet_patch.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/name_hash.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = "_reference_map.tif";

struct RecordHead {
  std::uint32_t name_bytes = 0;
  std::uint32_t map_bytes = 0;
};

struct Footer {
  std::uint64_t maps = 0;
};

template <class Value>
std::span<const std::byte> bytes_of(const Value& value) {
  static_assert(std::is_trivially_copyable_v<Value>);
  return std::as_bytes(std::span(&value, 1));
}

std::span<std::byte> room_of(std::string& text) { return std::as_writable_bytes(std::span(text)); }

}  // namespace

std::string reference_map_name(const std::string& patch) { return patch + std::string(kSuffix); }

void store_reference_maps(const fs::path& tar, const fs::path& store) {
  if (fs::exists(store)) return;
  std::vector<ReferenceMaps::Place> places;
  AtomicFile file(store);
  ArchiveMemberReader reader(tar);
  while (const auto member = reader.next()) {
    const std::string name = fs::path(*member).filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const std::string map = reader.read();
    places.push_back({name_hash(name), file.position()});
    file.write(bytes_of(RecordHead{static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(map.size())}));
    file.write(name);
    file.write(map);
  }
  if (places.empty()) {
    throw Error(ErrorKind::input,
                fmt::format("{}: no reference map is there: looked for files ...{}", tar.string(), kSuffix));
  }
  std::sort(places.begin(), places.end(), [](const auto& one, const auto& other) {
    return std::pair(one.name_hash, one.offset) < std::pair(other.name_hash, other.offset);
  });
  file.write(std::as_bytes(std::span(places)));
  file.write(bytes_of(Footer{places.size()}));
  file.commit(Durability::fsync);
}

ReferenceMaps::ReferenceMaps(fs::path source, fs::path store) : source_(std::move(source)), store_(std::move(store)) {
  if (!is_archive_file(source_)) return;
  file_ = open_for_reading(store_);
  const std::uint64_t size = file_size(file_, store_);
  Footer footer;
  read_exactly(file_, size - sizeof footer, std::as_writable_bytes(std::span(&footer, 1)), store_);
  places_.resize(footer.maps);
  const auto index = std::as_writable_bytes(std::span(places_));
  read_exactly(file_, size - sizeof footer - index.size(), index, store_);
}

ReferenceMaps::Map ReferenceMaps::read(const std::string& patch) const {
  if (file_) return read_from_store(patch);
  const fs::path path = source_ / product_of_patch(patch) / patch / reference_map_name(patch);
  if (!fs::exists(path)) throw Error(ErrorKind::input, fmt::format("{} is missing", path.string()));
  return {path.string(), read_text_file(path)};
}

ReferenceMaps::Map ReferenceMaps::read_from_store(const std::string& patch) const {
  const std::string name = reference_map_name(patch);
  const std::uint64_t hash = name_hash(name);
  auto place = std::lower_bound(places_.begin(), places_.end(), hash,
                                [](const Place& one, std::uint64_t wanted) { return one.name_hash < wanted; });
  for (; place != places_.end() && place->name_hash == hash; ++place) {
    Map map = record_at(place->offset);
    if (map.name == name) return {source_.string() + ": " + name, std::move(map.bytes)};
  }
  throw Error(ErrorKind::input, fmt::format("{}: {} is missing", source_.string(), name));
}

ReferenceMaps::Map ReferenceMaps::record_at(std::uint64_t offset) const {
  RecordHead head;
  read_exactly(file_, offset, std::as_writable_bytes(std::span(&head, 1)), store_);
  Map map{std::string(head.name_bytes, '\0'), std::string(head.map_bytes, '\0')};
  read_exactly(file_, offset + sizeof head, room_of(map.name), store_);
  read_exactly(file_, offset + sizeof head + head.name_bytes, room_of(map.bytes), store_);
  return map;
}

}  // namespace eoshard::ingest
