// The layer of land-cover polygons in a vector source, and the attribute that holds their codes.
#pragma once

#include <gdal_priv.h>
#include <ogrsf_frmts.h>

#include <string>

namespace eoshard::ingest {

/// An open source and the layer in it; the layer is the dataset's.
struct VectorLayer {
  GDALDatasetUniquePtr dataset;
  OGRLayer* layer = nullptr;
  int attribute = -1;  ///< field index of the code
};

/// Opens `path`. Without `layer_name` the layer is the one of polygons that has a code attribute; without
/// `attribute_name` that is CODE_18, CODE_12, …, clc_code or code, in any case of letters.
/// @throws Error{input} that lists the layers or attributes there are when none or several fit.
VectorLayer open_vector_layer(const std::string& path, const std::string& layer_name,
                              const std::string& attribute_name);

/// Grid code of a feature, 0 when it is unlabelled or has none. @throws Error{input} naming the feature for a value
/// that is no land-cover code.
int grid_code_of(const OGRFeature& feature, int attribute, const std::string& path);

}  // namespace eoshard::ingest
