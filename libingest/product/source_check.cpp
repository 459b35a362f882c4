#include "libingest/product/source_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/gdal/vsi_file.hpp"
#include "libingest/product/xml_document.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kReadBytes = 4 << 20;

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char character) { return std::toupper(character); });
  return text;
}

ChecksumKind parse_kind(const std::string& name) {
  for (const ChecksumKind kind : {ChecksumKind::md5, ChecksumKind::sha3_256}) {
    if (upper_case(name) == checksum_name(kind)) return kind;
  }
  throw Error(ErrorKind::input,
              fmt::format("manifest.safe has checksums of kind '{}'; MD5 and SHA3-256 are known", name));
}

// "./GRANULE/…" → "GRANULE/…"
std::string below_root(std::string_view href) {
  if (href.starts_with("./")) href.remove_prefix(2);
  return std::string(href);
}

std::string checksum_of(const std::string& path, ChecksumKind kind) {
  const GdalErrors errors;  // a damaged zip member reads short, and its checksum tells
  const VsiFile file = open_vsi_file(path);
  Checksum checksum(kind);
  std::vector<std::byte> buffer(kReadBytes);
  for (;;) {
    const std::size_t count = VSIFReadL(buffer.data(), 1, buffer.size(), file.get());
    if (count == 0) return checksum.finish();
    checksum.add(std::span(buffer).first(count));
  }
}

}  // namespace

SourceChecksums::SourceChecksums(const std::string& root) : root_(root) {
  const std::string manifest = root + "/manifest.safe";
  if (!vsi_exists(manifest)) {
    throw Error(ErrorKind::input, fmt::format("{} does not exist, and --check-source compares files with it; download "
                                              "the product again, or leave the option away",
                                              manifest));
  }
  const XmlDocument xml(manifest);
  for (const CPLXMLNode* stream : xml.find_all("byteStream")) {
    const std::string href = attribute_of(stream, "fileLocation.href");
    const std::string kind = attribute_of(stream, "checksum.checksumName");
    if (!href.empty() && !kind.empty())
      expected_[below_root(href)] = {parse_kind(kind), upper_case(child_text(stream, "checksum"))};
  }
}

void SourceChecksums::check(const std::string& file) const {
  const auto listed = expected_.find(file.substr(std::min(root_.size() + 1, file.size())));
  if (listed == expected_.end())
    throw Error(ErrorKind::input, fmt::format("{} is not listed in manifest.safe, so it cannot be checked; download "
                                              "the product again, or leave --check-source out",
                                              file));
  const Expected& expected = listed->second;
  const std::string found = checksum_of(file, expected.kind);
  if (found == expected.checksum) return;
  throw Error(ErrorKind::input,
              fmt::format("{} is damaged: manifest.safe lists {} {}, the file has {}; download the product again", file,
                          checksum_name(expected.kind), expected.checksum, found));
}

}  // namespace eoshard::ingest
