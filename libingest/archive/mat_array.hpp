// Numeric arrays of MAT 5 files, compressed or not, read a run of values at a time in memory that does not grow with
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libingest/archive/mat_element.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {

/// One real array. One thread at a time may read it.
class MatArray {
 public:
  /// @throws Error{input} when the file is damaged, has no such variable (the message lists those that there are), or
  /// the
  ///   variable is no array of real numbers.
  MatArray(const std::filesystem::path& path, const std::string& variable);

  /// As MATLAB's `size`: at least two; the first one varies fastest in the file.
  const std::vector<std::size_t>& dimensions() const { return dimensions_; }
  std::size_t values() const;

  /// Fills `out` with the values from `first` on, in the file's order. A compressed array is cheap to read forward; a
  /// step back starts it anew. Who reads its end verifies its checksum.
  /// @throws Error{input} when the file is damaged or the array does not store bytes (miUINT8).
  void read_bytes(std::size_t first, std::span<std::uint8_t> out);

  /// All values, whatever their type in the file. @throws Error{input}
  std::vector<double> read_numbers();

 private:
  void find_element();
  void rewind();
  void read(std::size_t first, std::span<std::byte> out);
  [[noreturn]] void refuse(std::string_view what) const;

  std::filesystem::path path_;
  std::string variable_;
  FileDescriptor file_;
  MatElement element_;
  std::optional<MatElementReader> reader_;
  std::vector<std::size_t> dimensions_;
  std::uint32_t stored_type_ = 0;
  std::uint64_t data_position_ = 0;  // in the element
};

}  // namespace eoshard::ingest
