// What SAT-4 and SAT-6 are (Basu et al., "DeepSat", SIGSPATIAL 2015), however they are stored: 28 × 28 pixels of four
// bands of 8 bits, and one of a few classes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "libingest/archive/archive_source.hpp"

namespace eoshard::ingest {

inline constexpr int kSatSidePx = 28;
inline constexpr std::size_t kSatBands = 4;
inline constexpr std::size_t kSatPlaneValues = std::size_t{kSatSidePx} * kSatSidePx;
inline constexpr std::size_t kSatSampleValues = kSatBands * kSatPlaneValues;

struct SatDataset {
  std::string name;                  ///< "sat-6", the manifest's name of the classes
  std::vector<std::string> classes;  ///< in the order of the files' one-hot rows, unless an archive says another
};

const SatDataset& sat4();
const SatDataset& sat6();

/// "sat6" of sat-6, as file names have it.
std::string short_name(const SatDataset& dataset);

ArchiveLayout sat_layout(const SatDataset& dataset, std::vector<std::string> classes);

/// "train_0000017": `index` counts from 0 in the split's file.
std::string sat_key(std::size_t split, std::size_t index);

/// The class of a one-hot row among those of sat_layout(). @throws Error{input} when it is none.
const std::string& sat_class(const ArchiveLayout& layout, std::span<const double> one_hot);

}  // namespace eoshard::ingest
