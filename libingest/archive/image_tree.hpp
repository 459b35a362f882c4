// Image datasets as they are published, one folder a class: EuroSAT, UC Merced, NWPU-RESISC45 and their like.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libingest/archive/archive_source.hpp"

namespace eoshard::ingest {

struct ImagesOptions {
  std::filesystem::path source;  ///< a folder, or a tar (plain or compressed) or zip archive of one
  int resize_px = 0;             ///< rows and columns that every image is resampled to; 0: all must have one size
  std::vector<std::string> band_names;  ///< along the band axis; empty: as the first image says
};

/// The images of a folder or a tar that is not compressed can be read in any order, others one after another. The first
/// image (of a folder: by key) says how many pixels, bands and bits all must have.
Archive open_images(ImagesOptions options);

}  // namespace eoshard::ingest
