#include "libingest/label/vector_layer.hpp"

#include <cpl_string.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/core/nomenclature.hpp"
#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {
namespace {

// As the releases of CORINE Land Cover name them, and what copies of it are seen with.
constexpr std::array kCodeAttributes = {"code_24", "code_18",  "code_12", "code_06",   "code_00",
                                        "code_90", "clc_code", "clccode", "clc_class", "code"};

std::vector<std::string> attributes_of(OGRLayer& layer) {
  std::vector<std::string> names;
  OGRFeatureDefn& definition = *layer.GetLayerDefn();
  for (int field = 0; field < definition.GetFieldCount(); ++field) {
    names.emplace_back(definition.GetFieldDefn(field)->GetNameRef());
  }
  return names;
}

std::vector<std::string> code_attributes_of(OGRLayer& layer) {
  std::vector<std::string> found;
  for (const std::string& name : attributes_of(layer)) {
    for (const char* const known : kCodeAttributes) {
      if (EQUAL(name.c_str(), known)) found.push_back(name);
    }
  }
  return found;
}

bool may_hold_polygons(OGRLayer& layer) {
  const OGRwkbGeometryType type = wkbFlatten(layer.GetGeomType());
  return type == wkbUnknown || OGR_GT_IsSurface(type) || OGR_GT_IsSubClassOf(type, wkbMultiSurface);
}

std::string layer_list(GDALDataset& dataset) {
  std::vector<std::string> names;
  for (OGRLayer* layer : dataset.GetLayers()) names.emplace_back(layer->GetName());
  return fmt::format("{}", fmt::join(names, ", "));
}

OGRLayer* named_layer(GDALDataset& dataset, const std::string& path, const std::string& name) {
  OGRLayer* layer = dataset.GetLayerByName(name.c_str());
  if (layer != nullptr && may_hold_polygons(*layer)) return layer;
  throw Error(ErrorKind::input,
              fmt::format("{} has no layer of polygons '{}'; its layers are: {}", path, name, layer_list(dataset)));
}

// The only layer of polygons, or the only one among them that has a code.
OGRLayer* obvious_layer(GDALDataset& dataset, const std::string& path, bool needs_code) {
  std::vector<OGRLayer*> fitting;
  for (OGRLayer* layer : dataset.GetLayers()) {
    if (may_hold_polygons(*layer) && (!needs_code || !code_attributes_of(*layer).empty())) fitting.push_back(layer);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty() && needs_code) return obvious_layer(dataset, path, false);
  throw Error(ErrorKind::input,
              fmt::format("{} has {} layers of polygons that labels may be read from; name one with --label-layer; its "
                          "layers are: {}",
                          path, fitting.empty() ? "no" : "several", layer_list(dataset)));
}

std::string obvious_attribute(OGRLayer& layer, const std::string& path) {
  const std::vector<std::string> found = code_attributes_of(layer);
  if (found.size() == 1) return found.front();
  throw Error(
      ErrorKind::input,
      fmt::format("{}, layer {}: {} attribute looks like a land-cover code; name one with --label-attribute: {}", path,
                  layer.GetName(), found.empty() ? "no" : "more than one",
                  fmt::join(found.empty() ? attributes_of(layer) : found, ", ")));
}

}  // namespace

VectorLayer open_vector_layer(const std::string& path, const std::string& layer_name,
                              const std::string& attribute_name) {
  initialise_gdal();
  const GdalErrors errors;
  VectorLayer opened;
  opened.dataset.reset(
      GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, nullptr));
  check_gdal(opened.dataset != nullptr, fmt::format("{} cannot be opened as polygons", path), errors);
  opened.layer = layer_name.empty() ? obvious_layer(*opened.dataset, path, attribute_name.empty())
                                    : named_layer(*opened.dataset, path, layer_name);
  const std::string attribute = attribute_name.empty() ? obvious_attribute(*opened.layer, path) : attribute_name;
  opened.attribute = opened.layer->GetLayerDefn()->GetFieldIndex(attribute.c_str());
  if (opened.attribute >= 0) return opened;
  throw Error(ErrorKind::input,
              fmt::format("{}, layer {} has no attribute '{}'; its attributes are: {}", path, opened.layer->GetName(),
                          attribute, fmt::join(attributes_of(*opened.layer), ", ")));
}

int grid_code_of(const OGRFeature& feature, int attribute, const std::string& path) {
  if (!feature.IsFieldSetAndNotNull(attribute)) return 0;
  std::string text = feature.GetFieldAsString(attribute);
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const Cover cover = error == std::errc() && end == text.data() + text.size() ? read_cover(value) : Cover{};
  if (cover.kind != CoverKind::unknown || text.empty()) return cover.grid_code;
  throw Error(
      ErrorKind::input,
      fmt::format("{}: feature {} has the code '{}': neither a CORINE grid code (1 to 44) nor a three-digit code "
                  "(111 to 523)",
                  path, feature.GetFID(), text));
}

}  // namespace eoshard::ingest
