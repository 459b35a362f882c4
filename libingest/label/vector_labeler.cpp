#include "libingest/label/vector_labeler.hpp"

#include <fmt/format.h>
#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogr_spatialref.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/label/ring_shaping.hpp"
#include "libingest/label/vector_layer.hpp"

namespace eoshard::ingest {
namespace {

constexpr double kMaxEdgeM = 1000;
constexpr double kMaxEdgeDegrees = 0.01;
constexpr std::uint8_t kNotBurnt = 255;

using Transformation = std::unique_ptr<OGRCoordinateTransformation>;
using Geometry = std::unique_ptr<OGRGeometry>;

// What is known of a polygon near the granule before its points are read again.
struct IndexedFeature {
  GIntBig fid = 0;
  Box box;  // in the layer's projection
  std::uint8_t grid_code = 0;
};

// Polygons of one block in the granule's projection, lowest feature id first, and what they burn.
struct BlockPolygons {
  std::vector<Geometry> geometries;
  std::vector<double> codes;
};

class VectorLabeler final : public PatchLabeler {
 public:
  VectorLabeler(const LabelSettings& settings, const GranuleGeometry& geometry);
  LabelRow label_row(int patch_row) override;

 private:
  void set_up_transformations();
  void index_features();
  Box layer_box(double top_m, double bottom_m) const;
  BlockPolygons read_polygons(const Box& box) const;
  Geometry project(const OGRGeometry& geometry, const Box& box, GIntBig fid) const;
  std::unique_ptr<OGRLinearRing> project_ring(const OGRLinearRing& ring, const Box& box, GIntBig fid) const;
  std::vector<std::uint8_t> burn(const BlockPolygons& polygons, double top_m) const;

  LabelSettings settings_;
  GranuleGeometry geometry_;
  VectorLayer source_;
  Transformation to_granule_;
  Transformation to_layer_;
  double max_edge_ = 0;  // in units of the layer's projection
  std::vector<IndexedFeature> features_;
};

VectorLabeler::VectorLabeler(const LabelSettings& settings, const GranuleGeometry& geometry)
    : settings_(settings),
      geometry_(geometry),
      source_(open_vector_layer(settings.path, settings.layer, settings.attribute)) {
  set_up_transformations();
  index_features();
}

void VectorLabeler::set_up_transformations() {
  const OGRSpatialReference* layer_reference = source_.layer->GetSpatialRef();
  if (layer_reference == nullptr) {
    throw Error(ErrorKind::input, fmt::format("{}, layer {} has no projection; assign one (ogr2ogr -a_srs EPSG:3035)",
                                              settings_.path, source_.layer->GetName()));
  }
  const GdalErrors errors;
  OGRSpatialReference granule_reference;
  granule_reference.importFromEPSG(geometry_.epsg);
  granule_reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  to_granule_.reset(OGRCreateCoordinateTransformation(layer_reference, &granule_reference));
  to_layer_.reset(OGRCreateCoordinateTransformation(&granule_reference, layer_reference));
  check_gdal(to_granule_ && to_layer_,
             fmt::format("no transformation from the projection of {} to EPSG:{}", settings_.path, geometry_.epsg),
             errors);
  max_edge_ = layer_reference->IsGeographic() ? kMaxEdgeDegrees : kMaxEdgeM / layer_reference->GetLinearUnits();
}

// Where a band of the granule lies in the layer's projection, with a margin that keeps the edges of this box outside
// the band whatever their curvature.
Box VectorLabeler::layer_box(double top_m, double bottom_m) const {
  constexpr int kPointsPerEdge = 21;
  constexpr double kMargin = 0.01;
  const double right_m = geometry_.ulx_m + geometry_.size_10m_px * kFinestResolutionM;
  const GdalErrors errors;
  Box box;
  const bool succeeded = to_layer_->TransformBounds(geometry_.ulx_m, bottom_m, right_m, top_m, &box.min_x, &box.min_y,
                                                    &box.max_x, &box.max_y, kPointsPerEdge);
  check_gdal(succeeded, fmt::format("the granule lies outside the projection of {}", settings_.path), errors);
  const double margin = kMargin * std::max(box.max_x - box.min_x, box.max_y - box.min_y);
  return {box.min_x - margin, box.min_y - margin, box.max_x + margin, box.max_y + margin};
}

// One pass over the layer; sources without a spatial index are not searched again for each block.
void VectorLabeler::index_features() {
  const Box box = layer_box(geometry_.uly_m, geometry_.uly_m - geometry_.size_10m_px * kFinestResolutionM);
  const GdalErrors errors;
  source_.layer->SetSpatialFilterRect(box.min_x, box.min_y, box.max_x, box.max_y);
  for (const auto& feature : *source_.layer) {
    const OGRGeometry* geometry = feature->GetGeometryRef();
    if (geometry == nullptr || geometry->IsEmpty()) continue;
    OGREnvelope envelope;
    geometry->getEnvelope(&envelope);
    features_.push_back({feature->GetFID(),
                         {envelope.MinX, envelope.MinY, envelope.MaxX, envelope.MaxY},
                         static_cast<std::uint8_t>(grid_code_of(*feature, source_.attribute, settings_.path))});
  }
  source_.layer->SetSpatialFilter(nullptr);
  check_gdal(CPLGetLastErrorType() < CE_Failure, fmt::format("{} cannot be read", settings_.path), errors);
  std::sort(features_.begin(), features_.end(), [](const auto& a, const auto& b) { return a.fid < b.fid; });
}

BlockPolygons VectorLabeler::read_polygons(const Box& box) const {
  BlockPolygons polygons;
  const GdalErrors errors;
  for (const IndexedFeature& indexed : features_) {
    if (!indexed.box.meets(box)) continue;
    const OGRFeatureUniquePtr feature(source_.layer->GetFeature(indexed.fid));
    check_gdal(feature != nullptr, fmt::format("{}: feature {} cannot be read", settings_.path, indexed.fid), errors);
    Geometry projected = project(*feature->GetGeometryRef(), box, indexed.fid);
    if (projected->IsEmpty()) continue;
    polygons.geometries.push_back(std::move(projected));
    polygons.codes.push_back(indexed.grid_code);
  }
  return polygons;
}

// The part of a polygon near the block, in the granule's projection.
Geometry VectorLabeler::project(const OGRGeometry& geometry, const Box& box, GIntBig fid) const {
  const Geometry polygons(OGRGeometryFactory::forceToMultiPolygon(geometry.getLinearGeometry()));
  if (wkbFlatten(polygons->getGeometryType()) != wkbMultiPolygon) {
    throw Error(ErrorKind::input, fmt::format("{}: feature {} is a {}; land cover is read from polygons",
                                              settings_.path, fid, geometry.getGeometryName()));
  }
  auto projected = std::make_unique<OGRMultiPolygon>();
  for (const OGRPolygon* polygon : *polygons->toMultiPolygon()) {
    OGRPolygon part;
    for (const OGRLinearRing* ring : *polygon) {
      if (auto projected_ring = project_ring(*ring, box, fid)) part.addRingDirectly(projected_ring.release());
    }
    if (!part.IsEmpty()) projected->addGeometry(&part);
  }
  return projected;
}

// nullptr when nothing of the ring is near the block.
std::unique_ptr<OGRLinearRing> VectorLabeler::project_ring(const OGRLinearRing& ring, const Box& box,
                                                           GIntBig fid) const {
  std::vector<RingPoint> points(static_cast<std::size_t>(ring.getNumPoints()));
  for (std::size_t at = 0; at < points.size(); ++at) {
    points[at] = {ring.getX(static_cast<int>(at)), ring.getY(static_cast<int>(at))};
  }
  points = densify_ring(clip_ring(points, box), max_edge_);
  if (points.empty()) return nullptr;
  std::vector<double> x, y;
  for (const RingPoint& point : points) {
    x.push_back(point.x);
    y.push_back(point.y);
  }
  const GdalErrors errors;
  const bool succeeded = to_granule_->Transform(static_cast<int>(x.size()), x.data(), y.data());
  check_gdal(succeeded, fmt::format("{}: feature {} cannot be projected", settings_.path, fid), errors);
  auto projected = std::make_unique<OGRLinearRing>();
  projected->setPoints(static_cast<int>(x.size()), x.data(), y.data());
  return projected;
}

// Grid codes of the block's pixels by pixel centre, kNotBurnt where no polygon is.
std::vector<std::uint8_t> VectorLabeler::burn(const BlockPolygons& polygons, double top_m) const {
  const int width = geometry_.size_10m_px;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * kLabelPatchPx, kNotBurnt);
  if (polygons.geometries.empty()) return pixels;
  const GdalErrors errors;
  const std::string name =
      fmt::format("MEM:::DATAPOINTER={},PIXELS={},LINES={}", fmt::ptr(pixels.data()), width, kLabelPatchPx);
  const GDALDatasetUniquePtr image(GDALDataset::Open(name.c_str(), GDAL_OF_RASTER | GDAL_OF_UPDATE));
  check_gdal(image != nullptr, "an image in memory cannot be made", errors);
  double transform[6] = {geometry_.ulx_m, kFinestResolutionM, 0, top_m, 0, -kFinestResolutionM};
  image->SetGeoTransform(transform);
  std::vector<OGRGeometryH> handles;
  for (const Geometry& geometry : polygons.geometries) handles.push_back(OGRGeometry::ToHandle(geometry.get()));
  int band = 1;
  const CPLErr status =
      GDALRasterizeGeometries(GDALDataset::ToHandle(image.get()), 1, &band, static_cast<int>(handles.size()),
                              handles.data(), nullptr, nullptr, polygons.codes.data(), nullptr, nullptr, nullptr);
  check_gdal(status == CE_None, "polygons cannot be burnt", errors);
  image->FlushCache(false);
  return pixels;
}

LabelRow VectorLabeler::label_row(int patch_row) {
  return with_context("labels", [&] {
    const double height_m = kLabelPatchPx * kFinestResolutionM;
    const double top_m = geometry_.uly_m - patch_row * height_m;
    std::vector<std::uint8_t> codes = burn(read_polygons(layer_box(top_m, top_m - height_m)), top_m);
    const bool is_covered = std::any_of(codes.begin(), codes.end(), [](auto code) { return code != kNotBurnt; });
    std::replace(codes.begin(), codes.end(), kNotBurnt, std::uint8_t{0});
    return label_block(std::move(codes), geometry_.size_10m_px, is_covered, settings_.rule);
  });
}

}  // namespace

std::unique_ptr<PatchLabeler> make_vector_labeler(const LabelSettings& settings, const GranuleGeometry& geometry) {
  return with_context("labels", [&] { return std::make_unique<VectorLabeler>(settings, geometry); });
}

}  // namespace eoshard::ingest
