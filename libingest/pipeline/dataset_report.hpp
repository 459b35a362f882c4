// Gathers what a report shows from a dataset's manifest, tables and pixels.
#pragma once

#include <filesystem>
#include <string>

#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

/// Samples that are read for histograms; a smaller dataset is read whole.
inline constexpr std::int64_t kReportSamples = 1000;
/// Granules whose patches are mapped.
inline constexpr std::size_t kReportMaps = 24;
/// Pictures of each class, and of a dataset without classes.
inline constexpr std::size_t kPicturesAClass = 4;
inline constexpr std::size_t kPicturesWithoutClasses = 48;

/// The report as a page of HTML. It depends on the dataset alone. Pixels that cannot be read are said so on the page.
/// @throws Error{io|input} when a table is missing or damaged.
std::string dataset_report(const std::filesystem::path& dataset, const DatasetManifest& manifest);

}  // namespace eoshard::ingest
