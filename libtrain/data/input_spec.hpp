// What the network sees of a dataset: which band comes from which array, on which grid, and how it is normalised.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libingest/resample/upsample.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::train {

/// One input band, taken from band `index` of array `array` of the spec.
struct InputBand {
  std::string name;
  std::size_t array = 0;
  std::int64_t index = 0;
  double mean = 0;                ///< of the training split, in stored units
  double standard_deviation = 1;  ///< of the training split, in stored units; 1 for a constant band
};

/// Which arrays bands are taken from, and how coarse grids come to the finest one.
struct InputRules {
  std::string input = "native";  ///< native: the grids as they were taken; super: data_super, upsampled by the ingest
  std::string upsample = "bilinear";  ///< nearest, bilinear or bicubic
};

struct InputSpec {
  std::vector<ingest::ImageArray> arrays;  ///< those that hold an input band
  std::vector<InputBand> bands;            ///< in the order of the network's input channels
  std::int64_t rows = 0;                   ///< of the finest grid, to which the others are upsampled
  std::int64_t columns = 0;
  ingest::UpsampleMethod upsample = ingest::UpsampleMethod::bilinear;

  std::size_t values() const { return bands.size() * static_cast<std::size_t>(rows * columns); }  ///< a sample
};

/// `wanted` names the bands in their order; empty means all: Sentinel-2's bands in cube order, then any others as they
/// are stored. A band that several arrays hold is taken from the first.
/// @throws Error{input} where the dataset lacks what `rules` ask for or a band, or one is without statistics of the
/// training split.
InputSpec make_input_spec(const ingest::DatasetManifest& manifest, const std::vector<std::string>& wanted,
                          const InputRules& rules = {});

/// Names of `spec.bands`.
std::vector<std::string> band_names(const InputSpec& spec);

}  // namespace eoshard::train
