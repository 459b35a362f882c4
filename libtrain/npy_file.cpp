#include "libtrain/npy_file.hpp"

#include <fmt/format.h>

#include <string>

#include "libingest/core/file.hpp"

namespace eoshard::train {

void write_npy(const std::filesystem::path& path, std::span<const float> values, std::int64_t columns) {
  constexpr std::size_t kAlignment = 64, kPrefix = 10;  // magic, version, u16 length of what follows
  const std::int64_t rows = columns == 0 ? 0 : static_cast<std::int64_t>(values.size()) / columns;
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  const std::size_t whole = (kPrefix + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(whole - kPrefix - 1, ' ');
  header += '\n';
  const char length[] = {static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  AtomicFile file(path);
  file.write(std::string_view("\x93NUMPY\x01\x00", 8));
  file.write(std::string_view(length, sizeof length));
  file.write(header);
  file.write(std::as_bytes(values));
  file.commit(Durability::fsync);
}

}  // namespace eoshard::train
