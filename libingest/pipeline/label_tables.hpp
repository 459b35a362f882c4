// Tables of labels on disk: what they say of each patch, as classes of a nomenclature.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "libingest/core/nomenclature.hpp"
#include "libingest/label/label_table.hpp"

namespace eoshard::ingest {

/// A CSV file with the columns `patch_id` and `labels` (names or CORINE codes, joined by ';'); others are ignored.
/// @throws Error{input} naming file and row for what is no patch id, a v1 id (it lacks the tile), or an unknown label.
LabelTable read_csv_labels(const std::filesystem::path& path, const Nomenclature& nomenclature);

/// A Parquet table with the columns `patch_id` and `labels` (lists of names), as BigEarthNet v2's metadata.parquet.
/// @throws Error{input} as read_csv_labels.
LabelTable read_parquet_labels(const std::filesystem::path& path, const Nomenclature& nomenclature);

/// The patches in a folder of BigEarthNet v1: names of the subfolders that hold labels, sorted.
std::vector<std::string> list_bigearthnet_patches(const std::filesystem::path& folder);

/// The labels of some of those patches, by ground square; on all of this rank's threads.
/// @throws Error{input} naming the file that is damaged or holds an unknown label.
LabelTable read_bigearthnet_labels(const std::filesystem::path& folder, std::span<const std::string> patches,
                                   const Nomenclature& nomenclature);

}  // namespace eoshard::ingest
