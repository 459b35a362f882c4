#include "libingest/decode/jp2_structure.hpp"

#include <cpl_vsi.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <span>

#include "libingest/core/error.hpp"
#include "libingest/core/unique_handle.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint32_t kCodestreamBox = 0x6a703263;  // "jp2c"
constexpr std::uint32_t kSignatureBox = 0x6a502020;   // "jP  "
constexpr std::uint64_t kEndOfCodestream = 0xffd9;

struct VsiFileTraits {
  static VSILFILE* invalid() noexcept { return nullptr; }
  static void close(VSILFILE* file) noexcept { VSIFCloseL(file); }
};

class Jp2File {
 public:
  explicit Jp2File(const std::string& path) : path_(path), file_(VSIFOpenL(path.c_str(), "rb")) {
    if (!file_) throw Error(ErrorKind::input, fmt::format("{} cannot be opened", path));
    VSIFSeekL(file_.get(), 0, SEEK_END);
    size_ = VSIFTellL(file_.get());
  }

  std::uint64_t size() const { return size_; }

  // Big-endian number of `bytes` bytes.
  std::uint64_t number_at(std::uint64_t offset, std::size_t bytes) {
    std::array<std::uint8_t, 8> buffer{};
    VSIFSeekL(file_.get(), offset, SEEK_SET);
    if (VSIFReadL(buffer.data(), 1, bytes, file_.get()) != bytes) throw_cut();
    std::uint64_t value = 0;
    for (const std::uint8_t byte : std::span(buffer).first(bytes)) value = value << 8 | byte;
    return value;
  }

  [[noreturn]] void throw_cut() const {
    throw Error(ErrorKind::input, fmt::format("{} is truncated; download the product again", path_));
  }

  [[noreturn]] void throw_no_jp2() const {
    throw Error(ErrorKind::input, fmt::format("{} is no JPEG 2000 file", path_));
  }

 private:
  const std::string& path_;
  UniqueHandle<VSILFILE*, VsiFileTraits> file_;
  std::uint64_t size_ = 0;
};

struct Box {
  std::uint64_t end;
  std::uint32_t type;
};

// A length of 1 announces a 64-bit length, 0 a box that fills the rest of the file.
Box read_box(Jp2File& file, std::uint64_t begin) {
  std::uint64_t length = file.number_at(begin, 4);
  const auto type = static_cast<std::uint32_t>(file.number_at(begin + 4, 4));
  if (length == 1) length = file.number_at(begin + 8, 8);
  if (length == 0) length = file.size() - begin;
  if (length < 8) file.throw_no_jp2();
  if (length > file.size() - begin) file.throw_cut();
  return {begin + length, type};
}

}  // namespace

void check_jp2_is_whole(const std::string& path) {
  Jp2File file(path);
  bool has_codestream = false;
  for (std::uint64_t begin = 0; begin < file.size();) {
    const Box box = read_box(file, begin);
    if (begin == 0 && box.type != kSignatureBox) file.throw_no_jp2();
    if (box.type == kCodestreamBox) {
      has_codestream = true;
      if (file.number_at(box.end - 2, 2) != kEndOfCodestream) file.throw_cut();
    }
    begin = box.end;
  }
  if (!has_codestream) file.throw_cut();
}

}  // namespace eoshard::ingest
