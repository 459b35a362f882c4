// A number that changes at given epochs: "512,20:16384" is 512, and 16384 from epoch 20 on.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

namespace eoshard::train {

class EpochValues {
 public:
  EpochValues() : EpochValues(0) {}
  EpochValues(std::int64_t value) : steps_{{0, value}} {}  // NOLINT: a plain number is one of these

  /// @throws Error{usage} unless `text` is a number, then pairs epoch:number with rising epochs.
  static EpochValues parse(const std::string& text);
  std::string text() const;

  /// The number in epoch `epoch`, counted from 0.
  std::int64_t at(std::int64_t epoch) const;

  bool is_constant() const { return steps_.size() == 1; }
  /// Epochs in which a number begins to hold, 0 first.
  std::vector<std::int64_t> epochs() const;
  void set(std::int64_t epoch, std::int64_t value);  ///< from `epoch` on; epochs must rise

  bool operator==(const EpochValues&) const = default;

 private:
  struct Step {
    std::int64_t epoch = 0;
    std::int64_t value = 0;
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> steps_;
};

/// Epochs in which any of them begins a new number, in order.
std::vector<std::int64_t> switching_epochs(std::initializer_list<EpochValues> all);

/// For command lines. Reading fails, as streams do, on what parse() refuses.
std::istream& operator>>(std::istream& in, EpochValues& values);
std::ostream& operator<<(std::ostream& out, const EpochValues& values);

}  // namespace eoshard::train
