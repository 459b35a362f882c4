#include "libingest/pipeline/sample_part.hpp"

#include <fmt/format.h>

#include "libingest/core/byte_stream.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/shard/crc32c.hpp"
#include "libingest/shard/part_file.hpp"
#include "libingest/shard/shard_reader.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint64_t kMagic = 0x33306b6361706f65;  // "eopack03"

struct Footer {
  std::uint64_t index_bytes = 0;
  std::uint64_t rows_checksum = 0;
  std::uint64_t index_checksum = 0;
  std::uint64_t magic = kMagic;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string index_text(const PartContents& contents) {
  ByteWriter index;
  index.number(contents.split);
  index.number(static_cast<std::uint64_t>(contents.samples.size()));
  for (const PartSample& sample : contents.samples) {
    index.text(sample.key);
    index.number(sample.classes);
    index.number(sample.row);
  }
  index.number(static_cast<std::uint64_t>(contents.left_out.size()));
  for (const LeftOutSample& sample : contents.left_out) {
    index.text(sample.key);
    index.text(sample.reason);
    index.text(sample.detail);
  }
  index.number(static_cast<std::uint64_t>(contents.moments.size()));
  for (const ExactMoments& band : contents.moments) index.number(band);
  return index.take();
}

PartContents parse_index(std::string_view text) {
  ByteReader index(text);
  PartContents contents;
  contents.split = index.number<int>();
  for (auto samples = index.number<std::uint64_t>(); samples > 0; --samples) {
    PartSample& sample = contents.samples.emplace_back();
    sample.key = index.text();
    sample.classes = index.number<std::uint64_t>();
    sample.row = index.number<BytePlace>();
  }
  for (auto samples = index.number<std::uint64_t>(); samples > 0; --samples) {
    LeftOutSample& sample = contents.left_out.emplace_back();
    sample.key = index.text();
    sample.reason = index.text();
    sample.detail = index.text();
  }
  for (auto bands = index.number<std::uint64_t>(); bands > 0; --bands)
    contents.moments.push_back(index.number<ExactMoments>());
  return contents;
}

[[noreturn]] void throw_damaged(const std::filesystem::path& path) {
  throw Error(ErrorKind::io, fmt::format("{} is damaged; remove it and run the same command again", path.string()));
}

Footer read_footer(const FileDescriptor& file, const std::filesystem::path& tally) {
  const std::uint64_t size = file_size(file, tally);
  Footer footer;
  if (size < sizeof footer) throw_damaged(tally);
  read_exactly(file, size - sizeof footer, std::as_writable_bytes(std::span(&footer, 1)), tally);
  if (footer.magic != kMagic || footer.index_bytes > size - sizeof footer) throw_damaged(tally);
  return footer;
}

// The rows lie before the index.
std::uint64_t rows_bytes(const FileDescriptor& file, const std::filesystem::path& tally, const Footer& footer) {
  return file_size(file, tally) - sizeof footer - footer.index_bytes;
}

void check_rows(const std::filesystem::path& tally) {
  const FileDescriptor file = open_for_reading(tally);
  const Footer footer = read_footer(file, tally);
  std::string rows(rows_bytes(file, tally, footer), '\0');
  read_exactly(file, 0, std::as_writable_bytes(std::span(rows)), tally);
  if (crc32c(bytes_of(rows)) != footer.rows_checksum) throw_damaged(tally);
}

// Chunks carry their checksums.
void check_chunks(const std::filesystem::path& path, std::size_t samples) {
  const FileDescriptor file = open_for_reading(path);
  const std::vector<std::uint64_t> index = read_shard_index(file, path, static_cast<std::size_t>(kShardSamples));
  std::vector<std::byte> chunk;
  for (std::size_t sample = 0; sample < samples; ++sample)
    read_chunk_at(file, path, index[2 * sample], index[2 * sample + 1], chunk);
}

}  // namespace

std::filesystem::path part_array_file(const std::filesystem::path& tally, std::string_view array) {
  const std::string name = tally.filename().string();
  return tally.parent_path() / fmt::format("{}.{}.part", name.substr(0, name.find('.')), array);
}

SamplePartWriter::SamplePartWriter(std::filesystem::path tally, const std::vector<PackedArray>& arrays, int split)
    : tally_(std::move(tally)) {
  contents_.split = split;
  for (const PackedArray& array : arrays) {
    arrays_.push_back(std::make_unique<ShardWriter>(part_array_file(tally_, array.image.name), kShardSamples, 0));
  }
  for (const StatisticsBand& band : statistics_bands(arrays)) {
    const std::int64_t side = arrays[band.array].image.sample_shape.back();
    pixels_of_band_.push_back(static_cast<std::uint64_t>(side * side));
  }
  contents_.moments.resize(pixels_of_band_.size());
}

void SamplePartWriter::append(std::string key, std::uint64_t classes, std::string_view row,
                              const EncodedSample& encoded) {
  for (std::size_t array = 0; array < arrays_.size(); ++array) arrays_[array]->append(encoded.chunks[array]);
  for (std::size_t band = 0; band < pixels_of_band_.size(); ++band)
    contents_.moments[band].add(encoded.moments[band], pixels_of_band_[band]);
  contents_.samples.push_back({std::move(key), classes, {rows_.size(), row.size()}});
  rows_ += row;
}

void SamplePartWriter::close() {
  if (samples() > 0) {
    for (const auto& array : arrays_) array->close();
  }
  const std::string index = index_text(contents_);
  const Footer footer{index.size(), crc32c(bytes_of(rows_)), crc32c(bytes_of(index)), kMagic};
  AtomicFile file(tally_);
  file.write(rows_);
  file.write(index);
  file.write(std::as_bytes(std::span(&footer, 1)));
  file.commit(Durability::rename_only);
}

PartContents read_sample_part(const std::filesystem::path& tally) {
  const FileDescriptor file = open_for_reading(tally);
  const Footer footer = read_footer(file, tally);
  std::string index(footer.index_bytes, '\0');
  read_exactly(file, rows_bytes(file, tally, footer), std::as_writable_bytes(std::span(index)), tally);
  if (crc32c(bytes_of(index)) != footer.index_checksum) throw_damaged(tally);
  return parse_index(index);
}

bool is_part_whole(const std::filesystem::path& tally, const std::vector<PackedArray>& arrays) {
  try {
    const std::size_t samples = read_sample_part(tally).samples.size();
    check_rows(tally);
    for (const PackedArray& array : arrays) {
      if (samples > 0) check_chunks(part_array_file(tally, array.image.name), samples);
    }
    return true;
  } catch (const std::exception&) {  // an index that is not the tally's asks for any amount of memory
    return false;
  }
}

}  // namespace eoshard::ingest
