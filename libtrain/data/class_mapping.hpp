// The classes that a network learns, where they are others than the stored ones: 19 of 43, say.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace eoshard::train {

/// Default: the classes as they are stored.
struct ClassMapping {
  std::vector<std::string> classes;  ///< in the order of the network's outputs
  std::vector<int> class_of_stored;  ///< of each stored class; -1: none

  bool is_identity() const { return class_of_stored.empty(); }
};

/// The mapping from `stored` to the classes of `nomenclature` (libingest/core/nomenclature.hpp); the stored ones
/// themselves where that is empty.
/// @throws Error{usage|input} for an unknown nomenclature, and for a stored class that is no class of CORINE's or
/// stands
///   for several classes of it.
ClassMapping map_classes(const std::vector<std::string>& stored, const std::string& nomenclature);

/// Multi-hot labels of one sample, one byte a stored class → one byte a learnt class. False when none is left.
bool map_labels(const ClassMapping& mapping, std::span<const std::byte> stored, std::span<std::byte> learnt);

}  // namespace eoshard::train
