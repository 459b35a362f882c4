#include "libingest/pipeline/label_source.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

void require(bool is_fine, const char* option, const char* needs) {
  if (!is_fine) throw Error(ErrorKind::usage, fmt::format("{} needs {}", option, needs));
}

void check_options_fit(const IngestOptions& options, LabelKind kind) {
  constexpr const char* kPixels = "labels of pixels: a land-cover raster or polygons";
  require(!options.label_map || has_label_pixels(kind), "--label-map", kPixels);
  require(options.min_class_percent == 0 || has_label_pixels(kind), "--min-class-percent", kPixels);
  require(options.label_layer.empty() || kind == LabelKind::vector, "--label-layer", "land-cover polygons");
  require(options.label_attribute.empty() || kind == LabelKind::vector, "--label-attribute", "land-cover polygons");
}

// One rank looks, all learn.
LabelKind detect_together(const IngestOptions& options, const Communicator& world) {
  std::string kind;
  world.agree([&] {
    if (!world.is_root()) return;
    const LabelKind detected = detect_label_kind(options.labels);
    check_options_fit(options, detected);
    kind = std::to_string(static_cast<int>(detected));
  });
  return static_cast<LabelKind>(std::stoi(world.broadcast(kind)));
}

}  // namespace

Nomenclature nomenclature_of(const IngestOptions& options) {
  if (options.labels != kNoLabels) return make_nomenclature(options.nomenclature);
  Nomenclature none{"none", {}, {}};
  none.class_of_code.fill(-1);
  return none;
}

LabelSettings prepare_labels(const IngestOptions& options, const Communicator& world) {
  LabelSettings settings;
  settings.path = options.labels;
  settings.layer = options.label_layer;
  settings.attribute = options.label_attribute;
  settings.rule.min_class_percent = options.min_class_percent;
  world.agree([&] { settings.rule.nomenclature = nomenclature_of(options); });
  settings.kind = detect_together(options, world);
  return settings;
}

}  // namespace eoshard::ingest
