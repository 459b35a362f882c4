// Commas are looked for in 64 bytes at a time; of each number the four bytes that end with it are then looked at as one
// word. No step depends on how long the numbers are (after Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
// 2019).
#include "libingest/archive/byte_values.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace eoshard::ingest {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::uint64_t kEach = 0x0101010101010101;

// Bit b: byte b of eight is a comma.
std::uint64_t commas_of_word(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const std::uint64_t zero_where_comma = word ^ kEach * ',';
  const std::uint64_t low = 0x7f * kEach;
  const std::uint64_t tops = ~(((zero_where_comma & low) + low) | zero_where_comma | low);
  return (tops >> 7) * 0x0102040810204080 >> 56;
}

std::uint64_t commas_of_block(const char* bytes) {
  std::uint64_t commas = 0;
  for (std::size_t word = 0; word < kBlock / 8; ++word) commas |= commas_of_word(bytes + 8 * word) << 8 * word;
  return commas;
}

class LineOfNumbers {
 public:
  LineOfNumbers(std::string_view line, std::span<std::uint8_t> values) : line_(line), values_(values) {}

  bool read() {
    std::size_t block = 0;
    for (; block + kBlock <= line_.size(); block += kBlock) take_block(block, commas_of_block(line_.data() + block));
    std::array<char, kBlock> rest{};
    std::copy(line_.begin() + static_cast<std::ptrdiff_t>(block), line_.end(), rest.begin());
    rest[line_.size() - block] = ',';  // the last number ends there
    take_block(block, commas_of_block(rest.data()));
    return wrong_ == 0 && column_ == values_.size();
  }

 private:
  void take_block(std::size_t block, std::uint64_t commas) {
    if (column_ + static_cast<std::size_t>(std::popcount(commas)) > values_.size()) {
      wrong_ = 1;
      return;
    }
    for (; commas != 0; commas &= commas - 1) {
      const std::size_t end = block + static_cast<std::size_t>(std::countr_zero(commas));
      values_[column_++] = number_before(end);
      begin_ = end + 1;
    }
  }

  // The word's last byte holds the ones.
  std::uint8_t number_before(std::size_t end) {
    const std::size_t digits = end - begin_;
    wrong_ |= static_cast<std::uint32_t>(digits - 1 > 2);
    const std::uint32_t word = (word_before(end) ^ 0x30303030) & 0xffffff00 << 8 * ((3 - digits) & 3);
    const std::uint32_t value = (word >> 24) + 10 * (word >> 16 & 0xff) + 100 * (word >> 8 & 0xff);
    wrong_ |= ((word + 0x76767676) | word) & 0x80808080;  // a byte above 9
    wrong_ |= value >> 8;
    return static_cast<std::uint8_t>(value);
  }

  std::uint32_t word_before(std::size_t end) const {
    constexpr std::size_t kBytes = sizeof(std::uint32_t);
    std::array<char, kBytes> bytes{};
    if (end >= kBytes) {
      std::memcpy(bytes.data(), line_.data() + end - kBytes, kBytes);
    } else {
      std::memcpy(bytes.data() + kBytes - end, line_.data(), end);
    }
    return std::bit_cast<std::uint32_t>(bytes);
  }

  std::string_view line_;
  std::span<std::uint8_t> values_;
  std::size_t column_ = 0;
  std::size_t begin_ = 0;    // of the number
  std::uint32_t wrong_ = 0;  // not zero: something is no number
};

}  // namespace

bool read_byte_values(std::string_view line, std::span<std::uint8_t> values) {
  return LineOfNumbers(line, values).read();
}

}  // namespace eoshard::ingest
