#include "libtrain/checkpoint/checkpoint.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/json_integer.hpp"
#include "libingest/shard/crc32c.hpp"
#include "libtrain/checkpoint/run_folder.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kMagic = "EOSHARD1";
constexpr std::size_t kTrailerBytes = kMagic.size() + sizeof(std::uint32_t);
constexpr const char* kPositionKey = "position";
constexpr const char* kUnreadableSuffix = ".unreadable";

std::vector<std::byte> read_file_bytes(const fs::path& path) {
  const FileDescriptor file = open_for_reading(path);
  std::vector<std::byte> bytes(file_size(file, path));
  read_exactly(file, 0, bytes, path);
  return bytes;
}

// Bytes before the trailer, which must match them.
std::span<const std::byte> strip_trailer(std::span<const std::byte> bytes) {
  if (bytes.size() < kTrailerBytes) throw Error(ErrorKind::input, "the file is cut short");
  const auto body = bytes.first(bytes.size() - kTrailerBytes);
  const std::byte* trailer = bytes.data() + body.size();
  std::uint32_t checksum = 0;
  std::memcpy(&checksum, trailer + kMagic.size(), sizeof checksum);
  if (std::memcmp(trailer, kMagic.data(), kMagic.size()) != 0 || checksum != ingest::crc32c(body)) {
    throw Error(ErrorKind::input, "the checksum does not match: the file is damaged or cut short");
  }
  return body;
}

fs::path checkpoint_path(const fs::path& run, std::int64_t step) {
  return run / kCheckpointFolder / fmt::format("step-{:012d}.ckpt", step);
}

// Newest first: the step in the name has leading zeros.
std::vector<fs::path> checkpoint_paths(const fs::path& run) {
  std::vector<fs::path> paths;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run / kCheckpointFolder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".ckpt")) paths.push_back(entry.path());
  }
  std::sort(paths.rbegin(), paths.rend());
  return paths;
}

// Out of the way of later ones, and never over another file. What cannot be renamed stays where it is.
std::string set_aside(const fs::path& path) {
  fs::path aside = path;
  aside += kUnreadableSuffix;
  for (int number = 2; fs::exists(aside); ++number) {
    aside = path;
    aside += fmt::format("{}-{}", kUnreadableSuffix, number);
  }
  std::error_code error;
  fs::rename(path, aside, error);
  return error ? fmt::format("it cannot be set aside ({})", error.message())
               : fmt::format("it is now {}", aside.filename().string());
}

}  // namespace

std::string position_to_json(const TrainingPosition& position) {
  const Json json = {{"epoch", position.epoch},
                     {"step_in_epoch", position.step_in_epoch},
                     {"step", position.step},
                     {"loss_sum", position.loss_sum},
                     {"noise_sum", position.noise_sum},
                     {"signal_sum", position.signal_sum},
                     {"best_f1_micro", position.best_f1_micro},
                     {"best_epoch", position.best_epoch},
                     {"loss_scale", position.loss_scale},
                     {"scale_steps", position.scale_steps},
                     {"damaged", position.damaged},
                     {"experiment_hash", position.experiment_hash},
                     {"micro_batch_size", position.micro_batch_size}};
  return json.dump();
}

TrainingPosition position_from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    const auto integer = [&](const char* key) { return json_integer<std::int64_t>(json.at(key)); };
    return {integer("epoch"),
            integer("step_in_epoch"),
            integer("step"),
            json.at("loss_sum"),
            json.at("noise_sum"),
            json.at("signal_sum"),
            json.at("best_f1_micro"),
            integer("best_epoch"),
            json.value("loss_scale", 0.0),
            json.contains("scale_steps") ? integer("scale_steps") : 0,
            json.contains("damaged") ? json_integers<std::int64_t>(json.at("damaged")) : std::vector<std::int64_t>(),
            json.at("experiment_hash"),
            integer("micro_batch_size")};
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("not a training position: {}", error.what()));
  }
}

Checkpoint take_snapshot(const TrainingPosition& position, const NamedTensors& tensors) {
  const at::NoGradGuard no_gradients;
  Checkpoint snapshot{position, {}};
  for (const NamedTensor& item : tensors) {
    at::Tensor copy = at::empty(item.tensor.sizes(), at::TensorOptions(item.tensor.scalar_type()));
    copy.copy_(item.tensor);
    snapshot.tensors.push_back({item.name, std::move(copy)});
  }
  return snapshot;
}

void write_checkpoint(const fs::path& path, const Checkpoint& checkpoint) {
  // The checksum wants all bytes in one piece; a checkpoint is a few times the network's size, which memory has room
  // for.
  std::vector<std::byte> bytes;
  const TensorFile content{checkpoint.tensors, {{kPositionKey, position_to_json(checkpoint.position)}}};
  write_safetensors(content,
                    [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  const std::uint32_t checksum = ingest::crc32c(bytes);
  AtomicFile file(path);
  file.write(bytes);
  file.write(kMagic);
  file.write(std::as_bytes(std::span(&checksum, 1)));
  file.commit(Durability::fsync);
}

Checkpoint read_checkpoint(const fs::path& path) {
  return with_context(path.string(), [&] {
    const std::vector<std::byte> bytes = read_file_bytes(path);
    TensorFile content = parse_safetensors(strip_trailer(bytes));
    const auto position = content.metadata.find(kPositionKey);
    if (position == content.metadata.end()) throw Error(ErrorKind::input, "this is no checkpoint");
    return Checkpoint{position_from_json(position->second), std::move(content.tensors)};
  });
}

void save_checkpoint(const fs::path& run, const Checkpoint& checkpoint, std::int64_t keep) {
  fs::create_directories(run / kCheckpointFolder);
  const fs::path written = checkpoint_path(run, checkpoint.position.step);
  write_checkpoint(written, checkpoint);
  std::vector<fs::path> paths = checkpoint_paths(run);
  std::erase_if(paths, [&](const fs::path& path) { return path.filename() > written.filename(); });
  for (std::size_t index = static_cast<std::size_t>(std::max<std::int64_t>(1, keep)); index < paths.size(); ++index) {
    fs::remove(paths[index]);
  }
}

std::optional<Checkpoint> load_newest_checkpoint(const fs::path& run, const Log& log) {
  const std::vector<fs::path> paths = checkpoint_paths(run);
  for (const fs::path& path : paths) {
    try {
      return read_checkpoint(path);
    } catch (const Error& error) {
      log.warning(fmt::format("{}; {}; looking for the checkpoint before it", error.what(), set_aside(path)));
    }
  }
  if (!paths.empty()) {
    log.warning(fmt::format("no checkpoint in {} can be read: STARTING ANEW", (run / kCheckpointFolder).string()));
  }
  return std::nullopt;
}

fs::path newest_checkpoint_path(const fs::path& run) {
  const std::vector<fs::path> paths = checkpoint_paths(run);
  return paths.empty() ? fs::path() : paths.front();
}

}  // namespace eoshard::train
