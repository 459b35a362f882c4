// Which images a folder or archive holds, told from their names alone: one folder a class, and optionally a folder a
// split above.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/archive/archive_source.hpp"

namespace eoshard::ingest {

/// The patch id of an image: its name without folders and ending, behind its class where it does not begin with it:
/// "AnnualCrop/AnnualCrop_7.jpg" is AnnualCrop_7, "beach/001.png" is beach_001. What has no folder keeps its name.
std::string image_key(std::string_view name);

/// What the names of a source's files, paths with '/', tell.
class ImageNames {
 public:
  /// `source` is for messages. Files that are no pictures, hidden ones and those below __MACOSX are passed over.
  /// @throws Error{input} naming the file when an image lies in no folder, in another depth or below another folder
  /// than
  ///   the others, or shares its key with another one; also when there is no image at all.
  ImageNames(std::span<const std::string> names, const std::string& source);

  /// Sorted by bytes.
  const std::vector<std::string>& classes() const { return classes_; }

  /// Key, name as locator, and split; sorted by key.
  const std::vector<ArchiveEntry>& entries() const { return entries_; }

 private:
  std::vector<std::string> classes_;
  std::vector<ArchiveEntry> entries_;
};

/// Whether a file of this name is one of the images.
bool is_image_name(std::string_view name);

/// The folder in which an image lies.
std::string class_of_image(std::string_view name);

/// The split that the folder above the class names: train, val, valid, validation or test.
std::optional<int> split_of_image(std::string_view name);

}  // namespace eoshard::ingest
