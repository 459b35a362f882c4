// Labels as tables and archives write them, as bits of classes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "libingest/core/nomenclature.hpp"

namespace eoshard::ingest {

/// Remembers what it has met: there are few different labels and many patches. One a thread.
class LabelClasses {
 public:
  /// `nomenclature` must outlive the object.
  explicit LabelClasses(const Nomenclature& nomenclature) : nomenclature_(nomenclature) {}

  /// Bit c: class c is among the labels; those that the nomenclature leaves out set none. @throws Error{input} for a
  /// text that is no label, as class_of_label().
  std::uint64_t mask_of(std::span<const std::string> labels);

 private:
  std::uint64_t mask_of_one(const std::string& label);

  const Nomenclature& nomenclature_;
  std::unordered_map<std::string, std::uint64_t> masks_;
};

}  // namespace eoshard::ingest
