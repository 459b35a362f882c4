#include "libingest/shard/zarr_array.hpp"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/json_integer.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::ordered_json;

Json bytes_codec(ChunkCodec codec) {
  Json bytes = {{"name", "bytes"}};
  if (codec == ChunkCodec::blosc_zstd_u16) bytes["configuration"] = {{"endian", "little"}};
  return bytes;
}

Json compression_codec(ChunkCodec codec) {
  if (codec == ChunkCodec::zstd_u8) {
    return {{"name", "zstd"}, {"configuration", {{"level", kZstdLevel}, {"checksum", true}}}};
  }
  return {{"name", "blosc"},
          {"configuration",
           {{"typesize", 2}, {"cname", "zstd"}, {"clevel", kZstdLevel}, {"shuffle", "shuffle"}, {"blocksize", 0}}}};
}

Json with_leading(std::int64_t first, const std::vector<std::int64_t>& rest) {
  Json shape = Json::array({first});
  for (const std::int64_t extent : rest) shape.push_back(extent);
  return shape;
}

Json sharding_codec(const ArraySpec& spec) {
  const Json checksum = {{"name", "crc32c"}};
  const Json index_bytes = {{"name", "bytes"}, {"configuration", {{"endian", "little"}}}};
  return {{"name", "sharding_indexed"},
          {"configuration",
           {{"chunk_shape", with_leading(spec.chunk_samples(), spec.sample_shape)},
            {"codecs", Json::array({bytes_codec(spec.codec), compression_codec(spec.codec), checksum})},
            {"index_codecs", Json::array({index_bytes, checksum})},
            {"index_location", "end"}}}};
}

Json array_metadata(const ArraySpec& spec, std::int64_t samples) {
  return {{"zarr_format", 3},
          {"node_type", "array"},
          {"shape", with_leading(samples, spec.sample_shape)},
          {"data_type", spec.codec == ChunkCodec::blosc_zstd_u16 ? "uint16" : "uint8"},
          {"chunk_grid",
           {{"name", "regular"}, {"configuration", {{"chunk_shape", with_leading(kShardSamples, spec.sample_shape)}}}}},
          {"chunk_key_encoding", {{"name", "default"}, {"configuration", {{"separator", "/"}}}}},
          {"fill_value", 0},
          {"codecs", Json::array({sharding_codec(spec)})},
          {"dimension_names", spec.dimension_names},
          {"attributes", Json::object()}};
}

ZarrArray parse_array(const Json& json, const std::string& name) {
  ZarrArray array;
  array.spec.name = name;
  const auto shape = json_integers<std::int64_t>(json.at("shape"));
  if (shape.size() < 2) throw Error(ErrorKind::input, "an array of samples has at least two axes");
  array.samples = shape.front();
  array.spec.sample_shape.assign(shape.begin() + 1, shape.end());
  array.spec.codec = json.at("data_type") == "uint16" ? ChunkCodec::blosc_zstd_u16 : ChunkCodec::zstd_u8;
  array.spec.dimension_names = json.at("dimension_names").get<std::vector<std::string>>();
  const Json& inner = json.at("codecs").at(0).at("configuration").at("chunk_shape");
  array.spec.is_chunk_per_sample = inner.at(0) == 1;
  return array;
}

}  // namespace

std::size_t ArraySpec::sample_bytes() const {
  const std::int64_t elements =
      std::accumulate(sample_shape.begin(), sample_shape.end(), std::int64_t{1}, std::multiplies<>());
  return static_cast<std::size_t>(elements) * element_bytes(codec);
}

std::int64_t shard_count(std::int64_t samples) { return (samples + kShardSamples - 1) / kShardSamples; }

std::filesystem::path shard_path(const std::filesystem::path& array_folder, const ArraySpec& spec, std::int64_t shard) {
  std::filesystem::path path = array_folder / "c" / std::to_string(shard);
  for (std::size_t axis = 0; axis < spec.sample_shape.size(); ++axis) path /= "0";
  return path;
}

std::string zarr_array_metadata(const ArraySpec& spec, std::int64_t samples) {
  return array_metadata(spec, samples).dump(2) + "\n";
}

std::string zarr_group_metadata(const std::string& attributes_json) {
  const Json group = {{"zarr_format", 3}, {"node_type", "group"}, {"attributes", Json::parse(attributes_json)}};
  return group.dump(2) + "\n";
}

ZarrArray read_zarr_array(const std::filesystem::path& array_folder) {
  const std::filesystem::path path = array_folder / "zarr.json";
  return with_context(path.string(), [&] {
    const std::string text = read_text_file(path);
    try {
      const Json json = Json::parse(text);
      ZarrArray array = parse_array(json, array_folder.filename().string());
      if (array_metadata(array.spec, array.samples) != json) {
        throw Error(ErrorKind::input, "the array is not laid out as eoshard writes arrays; read it with zarr-python");
      }
      return array;
    } catch (const nlohmann::json::exception& error) {
      throw Error(ErrorKind::input, fmt::format("this is no zarr.json of a sharded array: {}", error.what()));
    }
  });
}

}  // namespace eoshard::ingest
