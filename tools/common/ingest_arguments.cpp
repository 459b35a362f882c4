#include "tools/common/ingest_arguments.hpp"

#include "libingest/core/error.hpp"
#include "libingest/product/band_list.hpp"
#include "tools/common/program.hpp"

namespace eoshard {
namespace {

using namespace eoshard::ingest;

// A mistake in the list is misuse, as in every option.
std::vector<std::string> bands_of_option(const std::string& list) {
  try {
    return parse_band_list(list);
  } catch (const Error& error) {
    throw CLI::ValidationError(error.what());
  }
}

void declare_products(CLI::App& app, IngestOptions& options) {
  const char* const group = "Products";
  app.add_option("PRODUCT", options.sources,
                 "Sentinel-2 Level-2A products: .SAFE folders, zip archives as downloaded, patterns, or @FILE");
  const auto add_list = [&options](const std::string& file) { options.sources.push_back("@" + file); };
  app.add_option_function<std::string>("--input-file-list", add_list, "The same as @FILE: products, one a line")
      ->type_name("FILE")
      ->group(group);
  const auto set_bands = [&options](const std::string& list) { options.bands = bands_of_option(list); };
  app.add_option_function<std::string>("--bands", set_bands,
                                       "Bands to read, e.g. B02,B03,B04; SCL adds the scene classification as an array")
      ->type_name("LIST")
      ->default_str("all twelve")
      ->group(group);
  app.add_flag("--check-source", options.check_source,
               "Compare every file that is read with the checksum in its product's manifest.safe")
      ->group(group);
}

void declare_arrays(CLI::App& app, IngestOptions& options) {
  const char* const group = "Arrays";
  app.add_option("--upsample", options.upsample,
                 "Add data_super, every band on the 10 m grid: nearest, bilinear or bicubic")
      ->check(CLI::IsMember({"nearest", "bilinear", "bicubic"}))
      ->group(group);
  app.add_flag("--no-native", options.no_native, "Leave the native grids out; with --upsample")->group(group);
}

void declare_labels(CLI::App& app, IngestOptions& options) {
  const char* const group = "Labels";
  app.add_option(
         "--labels", options.labels,
         "CORINE Land Cover raster or polygons, a table of labels, a folder of BigEarthNet's JSON files, or none")
      ->group(group);
  app.add_option("--label-layer", options.label_layer, "Layer of the polygons; else the one with a code")->group(group);
  app.add_option("--label-attribute", options.label_attribute,
                 "Attribute with the polygons' code; else CODE_18 and the like")
      ->group(group);
  app.add_flag("--label-map", options.label_map, "Store the land-cover code of every pixel, as array label_map")
      ->group(group);
  app.add_option("--nomenclature", options.nomenclature, "Classes: bigearthnet-19, bigearthnet-43 or corine-44")
      ->group(group);
  app.add_option("--min-class-percent", options.min_class_percent,
                 "Share of a patch from which a class counts; 0: any pixel")
      ->check(number_between(0, 100))
      ->group(group);
  app.add_option("--min-labelled-percent", options.thresholds.min_labelled_percent,
                 "A patch is kept when more than this share carries a land-cover code")
      ->check(number_between(0, 100))
      ->group(group);
}

// One file an occurrence: products may follow.
void declare_files(CLI::App& app, const char* name, std::vector<std::string>& files, const char* help) {
  app.add_option(name, files, help)->allow_extra_args(false)->group("Lists of patches");
}

void declare_lists(CLI::App& app, IngestOptions& options) {
  declare_files(app, "--exclude-list", options.exclude_lists,
                "File of patch ids that are left out, plain or compressed; may be given several times");
  declare_files(app, "--include-list", options.include_lists,
                "File of patch ids: only these are taken; may be given several times");
  declare_files(app, "--v2-metadata", options.v2_metadata,
                "Table of BigEarthNet v2 (Parquet), to tell which patches v1 names in lists mean; may be given several "
                "times");
}

void declare_values(CLI::App& app, IngestOptions& options) {
  const char* const group = "Values";
  app.add_flag("--raw-dn", options.raw_dn, "Keep the files' values: BOA_ADD_OFFSET is not added")->group(group);
  app.add_flag("--keep-zero-pixels", options.keep_zero_pixels, "Keep patches that hold pixels without data (DN 0)")
      ->group(group);
}

void declare_selection(CLI::App& app, FilterThresholds& thresholds) {
  const char* const group = "Selection of patches";
  const CLI::Validator percent = number_between(0, 100);
  app.add_option("--max-nodata-percent", thresholds.max_nodata_percent, "Largest share of no-data pixels")
      ->check(percent)
      ->group(group);
  app.add_option("--max-cloud-percent", thresholds.max_cloud_percent,
                 "Largest share of cloud and cirrus; counts shadow too unless --max-shadow-percent is given")
      ->check(percent)
      ->group(group);
  app.add_option("--max-shadow-percent", thresholds.max_shadow_percent, "Largest share of cloud shadow on its own")
      ->check(percent)
      ->group(group);
  app.add_option("--max-snow-percent", thresholds.max_snow_percent, "Largest share of snow")
      ->check(percent)
      ->group(group);
  app.add_option("--max-saturated-percent", thresholds.max_saturated_percent, "Largest share of saturated pixels")
      ->check(percent)
      ->group(group);
  app.add_option("--cloud-probability", thresholds.cloud_probability,
                 "A pixel counts as cloud from this cloud probability in per cent on, too")
      ->check(CLI::Range(1, 100))
      ->group(group);
  app.add_option("--snow-probability", thresholds.snow_probability,
                 "A pixel counts as snow from this snow probability in per cent on, too")
      ->check(CLI::Range(1, 100))
      ->group(group);
}

void declare_split(CLI::App& app, IngestOptions& options) {
  const char* const group = "Split";
  app.add_option("--split", options.split,
                 "random:70/15/15 (by ground square), rings, products:70/15/15, blocks:KM:70/15/15 or "
                 "lists:TRAIN,VALIDATION,TEST (files of patch ids)")
      ->group(group);
  app.add_option("--seed", options.seed, "Seed of the split")->check(seed_number())->group(group);
}

}  // namespace

void declare_ingest_arguments(CLI::App& app, IngestOptions& options) {
  declare_products(app, options);
  declare_arrays(app, options);
  declare_labels(app, options);
  declare_selection(app, options.thresholds);
  declare_lists(app, options);
  declare_values(app, options);
  declare_split(app, options);
}

CLI::Option* declare_assign(CLI::App& app, std::string& method) {
  return app
      .add_option(
          "--assign", method,
          "How work is dealt to ranks: groups (by resolution), lpt (whole products) or algorithm1 (the paper's)")
      ->check(CLI::IsMember({"groups", "lpt", "algorithm1"}))
      ->group("Run");
}

void declare_threads(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "Threads of each rank; 0: the rank's share of the node's cores")
      ->check(CLI::Range(0, 1024))
      ->group("Run");
}

void declare_progress(CLI::App& app, std::string& mode) {
  app.add_option("--progress", mode, "Progress on stderr: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->group("Run");
}

}  // namespace eoshard
