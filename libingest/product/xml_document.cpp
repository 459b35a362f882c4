#include "libingest/product/xml_document.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/gdal/vsi_file.hpp"

namespace eoshard::ingest {
namespace {

std::string_view local_name(const CPLXMLNode* element) {
  const std::string_view name = element->pszValue;
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

void collect(const CPLXMLNode* node, std::string_view tag, std::vector<const CPLXMLNode*>& found) {
  for (; node != nullptr; node = node->psNext) {
    if (node->eType != CXT_Element) continue;
    if (local_name(node) == tag) found.push_back(node);
    collect(node->psChild, tag, found);
  }
}

}  // namespace

XmlDocument::XmlDocument(std::string path) : path_(std::move(path)), root_(nullptr) {
  if (!vsi_exists(path_)) throw Error(ErrorKind::input, fmt::format("{} does not exist", path_));
  const GdalErrors errors;
  root_ = CPLXMLTreeCloser(CPLParseXMLFile(path_.c_str()));
  check_gdal(root_.get() != nullptr && !errors.has_any(),
             fmt::format("{} is no well-formed XML; download the product again", path_), errors);
}

std::vector<const CPLXMLNode*> XmlDocument::find_all(std::string_view tag) const {
  std::vector<const CPLXMLNode*> found;
  collect(const_cast<XmlDocument*>(this)->root_.get(), tag, found);
  return found;
}

std::optional<std::string> XmlDocument::find_text(std::initializer_list<std::string_view> tags) const {
  for (const std::string_view tag : tags) {
    const auto found = find_all(tag);
    if (!found.empty()) return text_of(found.front());
  }
  return std::nullopt;
}

std::string XmlDocument::require_text(std::initializer_list<std::string_view> tags) const {
  if (auto text = find_text(tags)) return *text;
  throw Error(
      ErrorKind::input,
      fmt::format("{} has no {} tag; the file is incomplete (download the product again) or of another product type",
                  path_, *tags.begin()));
}

std::string text_of(const CPLXMLNode* element) { return CPLGetXMLValue(element, nullptr, ""); }

std::string attribute_of(const CPLXMLNode* element, const char* name) { return CPLGetXMLValue(element, name, ""); }

std::string child_text(const CPLXMLNode* element, const char* tag) { return CPLGetXMLValue(element, tag, ""); }

}  // namespace eoshard::ingest
