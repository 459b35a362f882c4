#include "libingest/archive/sat_dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {

const SatDataset& sat4() {
  static const SatDataset dataset{"sat-4", {"barren land", "trees", "grassland", "none"}};
  return dataset;
}

const SatDataset& sat6() {
  static const SatDataset dataset{"sat-6", {"building", "barren land", "trees", "grassland", "road", "water"}};
  return dataset;
}

std::string short_name(const SatDataset& dataset) { return "sat" + dataset.name.substr(dataset.name.size() - 1); }

ArchiveLayout sat_layout(const SatDataset& dataset, std::vector<std::string> classes) {
  ArchiveArray data;
  data.name = "data";
  data.bands = {"R", "G", "B", "NIR"};
  data.side_px = kSatSidePx;
  data.bytes_a_value = 1;
  ArchiveLayout layout;
  layout.arrays = {data};
  layout.task = LabelTask::single_label;
  layout.nomenclature = dataset.name;
  layout.classes = std::move(classes);
  layout.quantification_value = 255;
  return layout;
}

std::string sat_key(std::size_t split, std::size_t index) { return fmt::format("{}_{:07}", kSplitNames[split], index); }

const std::string& sat_class(const ArchiveLayout& layout, std::span<const double> one_hot) {
  const auto ones = std::count(one_hot.begin(), one_hot.end(), 1.0);
  const auto zeros = std::count(one_hot.begin(), one_hot.end(), 0.0);
  const auto classes = static_cast<std::ptrdiff_t>(layout.classes.size());
  if (ones != 1 || zeros != classes - 1) {
    throw Error(ErrorKind::input, fmt::format("the label ({}) is not one 1 among {} values, as {}'s are",
                                              fmt::join(one_hot, ", "), classes, layout.nomenclature));
  }
  return layout.classes[static_cast<std::size_t>(std::find(one_hot.begin(), one_hot.end(), 1.0) - one_hot.begin())];
}

}  // namespace eoshard::ingest
