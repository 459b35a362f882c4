// The elements that a MAT 5 file is made of (MathWorks, "MAT-File Level 5 File Format"), read forward; compressed ones
// are inflated on the way and their checksum is verified at their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "libingest/core/file.hpp"

namespace eoshard::ingest {

/// Where an element of the top level lies.
struct MatElement {
  std::uint64_t offset = 0;  ///< of its contents, behind the tag; of the tag itself in a compressed one
  std::uint64_t bytes = 0;   ///< in the file
  bool is_compressed = false;
};

/// The matrices of a file, in its order. @throws Error{input} when `path` is no little-endian MAT 5 file or is cut.
std::vector<MatElement> list_mat_elements(const FileDescriptor& file, const std::filesystem::path& path);

/// Contents of a matrix element, front to back.
class MatElementReader {
 public:
  MatElementReader(const FileDescriptor& file, const std::filesystem::path& path, const MatElement& element);
  ~MatElementReader();
  MatElementReader(const MatElementReader&) = delete;
  MatElementReader& operator=(const MatElementReader&) = delete;

  std::uint64_t position() const { return position_; }

  /// @throws Error{input} when the element ends before, or its compressed data are damaged.
  void read(std::span<std::byte> out);
  void skip(std::uint64_t bytes);

  /// Verifies the checksum over all that has been read and what is left. Nothing to do where there is none.
  void finish();

 private:
  class Inflation;

  [[noreturn]] void throw_short() const;

  const FileDescriptor& file_;  // borrowed
  std::filesystem::path path_;
  MatElement element_;
  std::uint64_t position_ = 0;
  std::unique_ptr<Inflation> inflation_;
};

}  // namespace eoshard::ingest
