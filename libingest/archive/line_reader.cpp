#include "libingest/archive/line_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

}  // namespace

LineReader::LineReader(std::filesystem::path path)
    : path_(std::move(path)), file_(open_for_reading(path_)), file_bytes_(file_size(file_, path_)) {}

bool LineReader::next(std::string_view& line) {
  while (next_of_any_length(line)) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) return true;
  }
  return false;
}

std::string LineReader::place() const { return fmt::format("{}: line {}", path_.string(), number_); }

bool LineReader::next_of_any_length(std::string_view& line) {
  std::size_t end = buffer_.find('\n', position_);
  while (end == std::string::npos && offset_ < file_bytes_) {
    const std::size_t seen = buffer_.size() - position_;
    if (seen > kBlockBytes) throw Error(ErrorKind::input, fmt::format("{} holds no lines of text", path_.string()));
    read_more();
    end = buffer_.find('\n', seen);
  }
  line = std::string_view(buffer_).substr(position_, std::min(end, buffer_.size()) - position_);
  if (line.empty() && end == std::string::npos) return false;
  position_ = std::min(buffer_.size(), position_ + line.size() + 1);
  ++number_;
  return true;
}

// Keeps the line that has begun, at the buffer's front.
void LineReader::read_more() {
  buffer_.erase(0, position_);
  position_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, file_bytes_ - offset_)));
  read_exactly(file_, offset_, std::as_writable_bytes(std::span(buffer_).subspan(kept)), path_);
  offset_ += buffer_.size() - kept;
}

}  // namespace eoshard::ingest
