#include "libtrain/checkpoint/safetensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/core/json_integer.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kHeaderAlignment = 8;

const char* dtype_name(at::ScalarType type) {
  if (type == at::kFloat) return "F32";
  if (type == at::kDouble) return "F64";
  if (type == at::kLong) return "I64";
  throw Error(ErrorKind::internal, fmt::format("no safetensors type for {}", c10::toString(type)));
}

at::ScalarType scalar_type(const std::string& name) {
  if (name == "F32") return at::kFloat;
  if (name == "F64") return at::kDouble;
  if (name == "I64") return at::kLong;
  if (name == "F16") return at::kHalf;
  if (name == "BF16") return at::kBFloat16;
  if (name == "I32") return at::kInt;
  if (name == "U8") return at::kByte;
  if (name == "BOOL") return at::kBool;
  throw Error(ErrorKind::input, fmt::format("tensors of type {} are not read here", name));
}

std::string header_text(const TensorFile& content) {
  Json header = Json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t offset = 0;
  for (const NamedTensor& item : content.tensors) {
    const std::uint64_t end = offset + static_cast<std::uint64_t>(item.tensor.nbytes());
    header[item.name] = {{"dtype", dtype_name(item.tensor.scalar_type())},
                         {"shape", item.tensor.sizes().vec()},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  return text;
}

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.nbytes())};
}

// Of a tensor of this shape. What LibTorch could not count is refused here, where the error can say what is wrong:
// it counts the elements and strides in 64 bits, strides as if empty axes had one element.
std::uint64_t shape_bytes(const std::vector<std::int64_t>& shape, std::size_t element_bytes) {
  auto bytes = static_cast<std::int64_t>(element_bytes);
  for (const std::int64_t length : shape) {
    if (length < 0) throw Error(ErrorKind::input, "a tensor's shape has an axis of negative length");
    if (length > std::numeric_limits<std::int64_t>::max() / bytes)
      throw Error(ErrorKind::input, "a tensor's shape is of more elements than can be counted");
    bytes *= std::max<std::int64_t>(length, 1);
  }
  return std::ranges::find(shape, 0) == shape.end() ? static_cast<std::uint64_t>(bytes) : 0;
}

at::Tensor parse_tensor(const Json& entry, std::span<const std::byte> data) {
  const auto shape = json_integers<std::int64_t>(entry.at("shape"));
  const auto begin = json_integer<std::uint64_t>(entry.at("data_offsets").at(0));
  const auto end = json_integer<std::uint64_t>(entry.at("data_offsets").at(1));
  if (begin > end || end > data.size()) throw Error(ErrorKind::input, "the file is shorter than its header says");
  const at::ScalarType type = scalar_type(entry.at("dtype"));
  if (shape_bytes(shape, c10::elementSize(type)) != end - begin)
    throw Error(ErrorKind::input, "a tensor's shape does not fit its length");
  at::Tensor tensor = at::empty(shape, type);
  if (end > begin) std::memcpy(tensor.data_ptr(), data.data() + begin, end - begin);
  return tensor;
}

}  // namespace

void write_safetensors(const TensorFile& content, const ByteSink& sink) {
  const std::string header = header_text(content);
  const std::uint64_t length = header.size();
  sink(std::as_bytes(std::span(&length, 1)));
  sink(std::as_bytes(std::span(header)));
  for (const NamedTensor& item : content.tensors) {
    sink(bytes_of(item.tensor.detach().to(at::kCPU).contiguous(at::MemoryFormat::Contiguous)));
  }
}

void save_safetensors(const std::filesystem::path& path, const TensorFile& content) {
  AtomicFile file(path);
  write_safetensors(content, [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.commit(Durability::fsync);
}

TensorFile parse_safetensors(std::span<const std::byte> bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) throw Error(ErrorKind::input, "no safetensors file: it is too short");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length)
    throw Error(ErrorKind::input, "no safetensors file: it ends inside its header");
  const auto* text = reinterpret_cast<const char*>(bytes.data() + sizeof length);
  const std::span<const std::byte> data = bytes.subspan(sizeof length + length);
  try {
    TensorFile content;
    const Json header = Json::parse(text, text + length);
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        content.metadata = entry.get<std::map<std::string, std::string>>();
      } else {
        content.tensors.push_back({name, parse_tensor(entry, data)});
      }
    }
    return content;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("not a safetensors header: {}", error.what()));
  }
}

TensorFile load_safetensors(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  return with_context(path.string(), [&] { return parse_safetensors(std::as_bytes(std::span(text))); });
}

const at::Tensor& find_tensor(const NamedTensors& tensors, std::string_view name) {
  for (const NamedTensor& item : tensors) {
    if (item.name == name) return item.tensor;
  }
  throw Error(ErrorKind::input, fmt::format("there is no tensor '{}'", name));
}

}  // namespace eoshard::train
