#include "libingest/pipeline/label_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/pipeline/label_tables.hpp"

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

// One rank reads, all have the table.
LabelTable read_and_share(LabelKind kind, const std::string& path, const Nomenclature& nomenclature,
                          const Communicator& world) {
  std::string bytes;
  world.agree([&] {
    if (!world.is_root()) return;
    bytes = (kind == LabelKind::csv ? read_csv_labels(path, nomenclature) : read_parquet_labels(path, nomenclature))
                .bytes();
  });
  LabelTable table;
  table.add_bytes(world.broadcast(bytes));
  return table;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// One rank lists the patches, each reads a share of the many small files.
LabelTable read_shares(const std::string& folder, const Nomenclature& nomenclature, const Communicator& world) {
  std::string list;
  world.agree([&] {
    if (!world.is_root()) return;
    for (const std::string& patch : list_bigearthnet_patches(folder)) list += patch + '\n';
  });
  const std::vector<std::string> patches = lines_of(world.broadcast(list));
  const std::size_t ranks = static_cast<std::size_t>(world.size()), rank = static_cast<std::size_t>(world.rank());
  const std::size_t begin = patches.size() * rank / ranks, end = patches.size() * (rank + 1) / ranks;
  std::string mine;
  world.agree([&] {
    mine = read_bigearthnet_labels(folder, std::span(patches).subspan(begin, end - begin), nomenclature).bytes();
  });
  LabelTable table;
  for (const std::string& bytes : world.all_gather(mine)) table.add_bytes(bytes);
  return table;
}

LabelTable read_table(const LabelSettings& settings, const Communicator& world) {
  const Nomenclature& nomenclature = settings.rule.nomenclature;
  LabelTable table = settings.kind == LabelKind::bigearthnet
                         ? read_shares(settings.path, nomenclature, world)
                         : read_and_share(settings.kind, settings.path, nomenclature, world);
  world.agree([&] { with_context(settings.path, [&] { table.finish(); }); });
  return table;
}

bool is_table(LabelKind kind) {
  return kind == LabelKind::csv || kind == LabelKind::parquet || kind == LabelKind::bigearthnet;
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
  if (is_table(settings.kind)) settings.table = std::make_shared<const LabelTable>(read_table(settings, world));
  return settings;
}

}  // namespace eoshard::ingest
