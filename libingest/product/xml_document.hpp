// A small read-only view of an XML file: search by tag name, whatever the namespace prefix.
#pragma once

#include <cpl_minixml.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard::ingest {

class XmlDocument {
 public:
  /// `path` may be one of GDAL's virtual ones. @throws Error{input} when the file is missing or not well-formed.
  explicit XmlDocument(std::string path);

  const std::string& path() const { return path_; }

  /// Every element called `tag`, anywhere in the document, in document order.
  std::vector<const CPLXMLNode*> find_all(std::string_view tag) const;

  /// Text of the first element that has any of these names (a tag's spellings over the eras).
  std::optional<std::string> find_text(std::initializer_list<std::string_view> tags) const;

  /// The same. @throws Error{input} naming the file and the first spelling when there is none.
  std::string require_text(std::initializer_list<std::string_view> tags) const;

 private:
  std::string path_;
  CPLXMLTreeCloser root_;
};

std::string text_of(const CPLXMLNode* element);
std::string attribute_of(const CPLXMLNode* element, const char* name);
/// Text of the child called `tag`, or "".
std::string child_text(const CPLXMLNode* element, const char* tag);

}  // namespace eoshard::ingest
