#include "libingest/pipeline/sample_part.hpp"

#include <fmt/format.h>

#include "libingest/core/byte_stream.hpp"
#include "libingest/core/error.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint64_t kMagic = 0x31306b6361706f65;  // "eopack01"

struct Footer {
  std::uint64_t index_bytes = 0;
  std::uint64_t index_checksum = 0;
  std::uint64_t magic = kMagic;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void put_sample(ByteWriter& index, const PartSample& sample) {
  index.text(sample.key);
  index.number(sample.split);
  index.number(sample.classes);
  index.number(sample.row);
  index.number(static_cast<std::uint64_t>(sample.chunks.size()));
  for (const BytePlace& chunk : sample.chunks) index.number(chunk);
}

PartSample take_sample(ByteReader& index) {
  PartSample sample;
  sample.key = index.text();
  sample.split = index.number<int>();
  sample.classes = index.number<std::uint64_t>();
  sample.row = index.number<BytePlace>();
  for (auto chunks = index.number<std::uint64_t>(); chunks > 0; --chunks)
    sample.chunks.push_back(index.number<BytePlace>());
  return sample;
}

std::string index_text(const PartContents& contents) {
  ByteWriter index;
  index.number(static_cast<std::uint64_t>(contents.samples.size()));
  for (const PartSample& sample : contents.samples) put_sample(index, sample);
  index.number(static_cast<std::uint64_t>(contents.left_out.size()));
  for (const LeftOutSample& sample : contents.left_out) {
    index.text(sample.key);
    index.text(sample.reason);
    index.text(sample.detail);
  }
  for (const std::vector<ExactMoments>& moments : contents.moments) {
    index.number(static_cast<std::uint64_t>(moments.size()));
    for (const ExactMoments& band : moments) index.number(band);
  }
  return index.take();
}

PartContents parse_index(std::string_view text) {
  ByteReader index(text);
  PartContents contents;
  for (auto samples = index.number<std::uint64_t>(); samples > 0; --samples)
    contents.samples.push_back(take_sample(index));
  for (auto samples = index.number<std::uint64_t>(); samples > 0; --samples) {
    LeftOutSample& sample = contents.left_out.emplace_back();
    sample.key = index.text();
    sample.reason = index.text();
    sample.detail = index.text();
  }
  for (std::vector<ExactMoments>& moments : contents.moments) {
    for (auto bands = index.number<std::uint64_t>(); bands > 0; --bands)
      moments.push_back(index.number<ExactMoments>());
  }
  return contents;
}

[[noreturn]] void throw_damaged(const std::filesystem::path& path) {
  throw Error(ErrorKind::io, fmt::format("{} is damaged; remove it and run the same command again", path.string()));
}

}  // namespace

SamplePartWriter::SamplePartWriter(const std::filesystem::path& path, std::size_t statistics_bands) : file_(path) {
  for (std::vector<ExactMoments>& moments : contents_.moments) moments.resize(statistics_bands);
}

BytePlace SamplePartWriter::write(std::span<const std::byte> bytes) {
  const BytePlace place{file_.position(), bytes.size()};
  file_.write(bytes);
  return place;
}

void SamplePartWriter::append(PartSample sample, std::string_view row, const EncodedSample& encoded,
                              const std::vector<std::uint64_t>& pixels_of_band) {
  for (const std::vector<std::byte>& chunk : encoded.chunks) sample.chunks.push_back(write(chunk));
  sample.row = write(bytes_of(row));
  std::vector<ExactMoments>& moments = contents_.moments[static_cast<std::size_t>(sample.split)];
  for (std::size_t band = 0; band < moments.size(); ++band)
    moments[band].add(encoded.moments[band], pixels_of_band[band]);
  contents_.samples.push_back(std::move(sample));
}

void SamplePartWriter::close() {
  const std::string index = index_text(contents_);
  const Footer footer{index.size(), crc32c(bytes_of(index)), kMagic};
  file_.write(index);
  file_.write(std::as_bytes(std::span(&footer, 1)));
  file_.commit(Durability::rename_only);
}

PartContents read_sample_part(const std::filesystem::path& path) {
  const FileDescriptor file = open_for_reading(path);
  const std::uint64_t size = file_size(file, path);
  Footer footer;
  if (size < sizeof footer) throw_damaged(path);
  read_exactly(file, size - sizeof footer, std::as_writable_bytes(std::span(&footer, 1)), path);
  if (footer.magic != kMagic || footer.index_bytes > size - sizeof footer) throw_damaged(path);
  std::string index(footer.index_bytes, '\0');
  read_exactly(file, size - sizeof footer - footer.index_bytes, std::as_writable_bytes(std::span(index)), path);
  if (crc32c(bytes_of(index)) != footer.index_checksum) throw_damaged(path);
  return parse_index(index);
}

}  // namespace eoshard::ingest
