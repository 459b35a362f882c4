// Named tensors in one file that other programs read: the safetensors format, version 1.
//
// Layout (huggingface/safetensors, README "Format"): u64 little-endian length n of the header; n bytes of JSON, name →
// {dtype, shape, data_offsets} and an optional __metadata__ of strings; then the tensors, row-major, back to back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "libingest/core/file.hpp"
#include "libtrain/core/named_tensor.hpp"

namespace eoshard::train {

/// Receives a file's bytes piece by piece.
using ByteSink = std::function<void(std::span<const std::byte>)>;

struct TensorFile {
  NamedTensors tensors;  ///< on the CPU, row-major: convolution weights are O, I, H, W
  std::map<std::string, std::string> metadata;
};

/// Tensors of float32, float64 or int64, of any device and layout.
void write_safetensors(const TensorFile& content, const ByteSink& sink);

/// Writes `path` whole or not at all, forced to disk.
void save_safetensors(const std::filesystem::path& path, const TensorFile& content);

/// @throws Error{input} unless `bytes` is a whole safetensors file.
TensorFile parse_safetensors(std::span<const std::byte> bytes);

/// Reads the file at `path`, also with tensors of other types than are written here (float16, bfloat16, integers).
/// @throws Error{input|io} naming the file.
TensorFile load_safetensors(const std::filesystem::path& path);

/// The tensor of that name. @throws Error{input} naming it when there is none.
const at::Tensor& find_tensor(const NamedTensors& tensors, std::string_view name);

}  // namespace eoshard::train
