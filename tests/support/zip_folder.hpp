// Packs a folder as products are downloaded: one zip archive, the folder's name at its top.
#pragma once

#include <cpl_conv.h>
#include <cpl_string.h>

#include <filesystem>
#include <stdexcept>

#include "libingest/core/file.hpp"

namespace eoshard {

/// An archive that exists is added to.
inline void zip_folder(const std::filesystem::path& folder, const std::filesystem::path& zip) {
  CPLStringList options;
  options.SetNameValue("APPEND", std::filesystem::exists(zip) ? "TRUE" : "FALSE");
  void* archive = CPLCreateZip(zip.c_str(), options.List());
  if (archive == nullptr) throw std::runtime_error("no zip archive");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = std::filesystem::relative(entry.path(), folder.parent_path()).string();
    const std::string bytes = read_text_file(entry.path());
    CPLCreateFileInZip(archive, name.c_str(), nullptr);
    CPLWriteFileInZip(archive, bytes.data(), static_cast<int>(bytes.size()));
    CPLCloseFileInZip(archive);
  }
  CPLCloseZip(archive);
}

}  // namespace eoshard
