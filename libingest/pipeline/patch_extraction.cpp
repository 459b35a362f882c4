#include "libingest/pipeline/patch_extraction.hpp"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>

#include "libingest/core/error.hpp"
#include "libingest/core/first_error.hpp"
#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/harmonisation.hpp"
#include "libingest/decode/tile_coverage.hpp"
#include "libingest/decode/tile_row.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {
namespace {

// A band on its way: the file, the offset that harmonises it, and the tile rows now in the window.
struct BandStream {
  BandInfo info;
  BandReader reader;
  int patch_px = 0;
  int halo_px = 0;  // around a patch, for upsampling
  int offset = 0;
  std::vector<bool> is_tile_needed;
  std::deque<std::shared_ptr<TileRow>> window;

  bool needs(const TileRow& row, int column) const {
    return is_tile_needed[std::size_t(row.row) * std::size_t(row.layout.tile_columns()) + std::size_t(column)];
  }
};

struct TileTask {
  const BandStream* band;
  std::shared_ptr<TileRow> row;
  int column;
};

// One row of patches: what must be decoded before it can be cut, and the strips that it is cut from.
struct Step {
  int patch_row = 0;
  std::vector<int> columns;                                   // candidates
  std::vector<TileTask> tiles;                                // not decoded by an earlier step
  std::vector<std::vector<std::shared_ptr<TileRow>>> strips;  // a list a band
};

struct EncodedPatch {
  PartEntry entry;
  std::vector<std::byte> chunk;
};

// An array on its way: its bands among the streams, and its part.
struct Output {
  bool is_upsampled = false;
  std::size_t plane_px = 0;        // pixels of a patch of one band
  std::vector<std::size_t> bands;  // positions among the streams
  std::unique_ptr<PartWriter> writer;
};

// Per thread: an encoder and room for one patch of one array.
struct CutBuffers {
  ChunkEncoder encoder{ChunkCodec::blosc_zstd_u16};
  std::vector<std::uint16_t> pixels;  // (band, row, column)
  std::vector<std::uint16_t> window;  // a patch of one band and its surroundings
  UpsampleBuffers upsample;
};

class UnitExtraction {
 public:
  UnitExtraction(const ProductScan& scan, const ExtractionPlace& place, const ExtractionSettings& settings,
                 StageTimes& times)
      : scan_(scan), settings_(settings), times_(times), bytes_per_patch_(bytes_per_patch(place.parts)) {
    for (const int resolution_m : {10, 20, 60}) {
      upsamplers_.emplace(resolution_m, Upsampler(settings.upsample, resolution_m / kFinestResolutionM));
    }
    is_upsampled_ = std::any_of(place.parts.begin(), place.parts.end(),
                                [](const ArrayPart& part) { return part.array.role == ArrayRole::upsampled; });
    const std::vector<PatchPosition> candidates = scan.candidates();
    for (const PatchPosition& position : candidates) columns_of_row_[position.row].push_back(position.column);
    for (const ArrayPart& part : place.parts) add_output(part, place.first_samples, candidates);
    next_row_ = columns_of_row_.begin();
  }

  // No filter throws: the input ends instead (see SamplePacker::pack).
  void run(const std::function<void(const ExtractedRow&)>& on_row) {
    using tbb::filter_mode;
    const auto begin = [&](tbb::flow_control& control) { return next_step(control); };
    const auto decode = [&](const std::shared_ptr<Step>& step) {
      error_.keep([&] { decode_tiles(*step); });
      return step;
    };
    const auto write = [&](const std::shared_ptr<Step>& step) { error_.keep([&] { on_row(write_row(*step)); }); };
    tbb::parallel_pipeline(
        steps_in_flight(),
        tbb::make_filter<void, std::shared_ptr<Step>>(filter_mode::serial_in_order, begin) &
            tbb::make_filter<std::shared_ptr<Step>, std::shared_ptr<Step>>(filter_mode::parallel, decode) &
            tbb::make_filter<std::shared_ptr<Step>, void>(filter_mode::serial_in_order, write));
    error_.rethrow();
    for (Output& output : outputs_) output.writer->close();
  }

 private:
  void add_output(const ArrayPart& part, const FirstSamples& first, std::span<const PatchPosition> candidates) {
    const auto side = static_cast<std::size_t>(patch_side(part.array));
    Output output{
        part.array.role == ArrayRole::upsampled, side * side, {}, std::make_unique<PartWriter>(part.path, first)};
    for (const BandInfo& info : bands_of(part.array))
      output.bands.push_back(stream_of(scan_.product, info, candidates));
    outputs_.push_back(std::move(output));
  }

  // Position of a band's stream; arrays that share a band share the stream.
  std::size_t stream_of(const Product& product, const BandInfo& info, std::span<const PatchPosition> candidates) {
    const auto found =
        std::find_if(bands_.begin(), bands_.end(), [&](const BandStream& band) { return band.info.name == info.name; });
    if (found != bands_.end()) return static_cast<std::size_t>(found - bands_.begin());
    bands_.push_back(open_band(product, info, candidates));
    return bands_.size() - 1;
  }

  BandStream open_band(const Product& product, const BandInfo& info, std::span<const PatchPosition> candidates) const {
    BandStream band{
        info, BandReader(product.band_files.at(std::string(info.name))), kPatchSizeM / info.resolution_m, 0, 0, {}, {}};
    check_layout(band.reader, product.geometry.size_px(info.resolution_m), 2);
    const auto offset = product.boa_add_offset.find(std::string(info.name));
    if (!settings_.raw_dn && offset != product.boa_add_offset.end()) band.offset = offset->second;
    if (is_upsampled_) band.halo_px = upsamplers_.at(info.resolution_m).halo();
    band.is_tile_needed = find_needed_tiles(band.reader.layout(), candidates, band.patch_px, band.halo_px);
    return band;
  }

  // Enough rows of patches to hold two rows of tiles, so that one is decoded while the other is cut.
  std::size_t steps_in_flight() const {
    int patch_rows = 0;
    for (const BandStream& band : bands_)
      patch_rows = std::max(patch_rows, band.reader.layout().tile_height / band.patch_px);
    return static_cast<std::size_t>(patch_rows) + 2;
  }

  std::shared_ptr<Step> next_step(tbb::flow_control& control) {
    auto step = std::make_shared<Step>();
    if (next_row_ != columns_of_row_.end()) error_.keep([&] { begin_step(*step); });
    if (!step->columns.empty() && !error_.is_kept()) return step;
    control.stop();
    return nullptr;
  }

  void begin_step(Step& step) {
    step.patch_row = next_row_->first;
    step.columns = next_row_->second;
    for (BandStream& band : bands_) step.strips.push_back(advance_window(band, step.patch_row, step.tiles));
    ++next_row_;
  }

  // Moves a band's window to the strips under a row of patches; tiles of strips that are new become tasks.
  static std::vector<std::shared_ptr<TileRow>> advance_window(BandStream& band, int patch_row,
                                                              std::vector<TileTask>& tasks) {
    const ImageLayout& layout = band.reader.layout();
    const int top = std::max(patch_row * band.patch_px - band.halo_px, 0);
    const int bottom = std::min((patch_row + 1) * band.patch_px + band.halo_px, layout.height) - 1;
    const int first = top / layout.tile_height;
    const int last = bottom / layout.tile_height;
    while (!band.window.empty() && band.window.front()->row < first) band.window.pop_front();
    for (int row = band.window.empty() ? first : band.window.back()->row + 1; row <= last; ++row) {
      const auto strip = std::make_shared<TileRow>(layout, row);
      band.window.push_back(strip);
      for (int column = 0; column < layout.tile_columns(); ++column) {
        if (band.needs(*strip, column)) tasks.push_back({&band, strip, column});
      }
    }
    return {band.window.begin(), band.window.end()};
  }

  void decode_tiles(const Step& step) {
    tbb::parallel_for(std::size_t{0}, step.tiles.size(), [&](std::size_t index) {
      const StageTimes::Timer timer(times_, Stage::decode);
      const TileTask& task = step.tiles[index];
      decode_tile(task.band->reader, *task.row, task.column);
    });
  }

  ExtractedRow write_row(const Step& step) {
    ExtractedRow row{step.columns.size() * bytes_per_patch_, 0};
    for (Output& output : outputs_) {
      const std::uint64_t zero_patches = cut_and_append(step, output);
      if (&output == &outputs_.front()) row.zero_patches = zero_patches;
    }
    return row;
  }

  // How many of the row's patches hold a pixel without data.
  std::uint64_t cut_and_append(const Step& step, Output& output) {
    std::vector<EncodedPatch> patches(step.columns.size());
    // Isolated: a thread that waits here must not start decoding a whole tile of a later step.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t index) {
        patches[index] = encode_patch(step, output, {step.columns[index], step.patch_row}, buffers_.local());
      });
    });
    const StageTimes::Timer timer(times_, Stage::write);
    std::uint64_t zero_patches = 0;
    for (const EncodedPatch& patch : patches) {
      output.writer->append(patch.entry, patch.chunk, split_of(patch.entry.position));
      if (patch.entry.has_zero != 0) ++zero_patches;
    }
    return zero_patches;
  }

  std::size_t split_of(PatchPosition position) const {
    return static_cast<std::size_t>(scan_.patches[static_cast<std::size_t>(scan_.grid.index_of(position))].split);
  }

  EncodedPatch encode_patch(const Step& step, const Output& output, PatchPosition position, CutBuffers& buffers) const {
    buffers.pixels.resize(output.bands.size() * output.plane_px);
    EncodedPatch patch;
    patch.entry.position = position;
    cut_bands(step, output, position, buffers, patch.entry);
    if (patch.entry.has_zero == 0 || settings_.keep_zero_pixels) {
      const StageTimes::Timer timer(times_, Stage::compress);
      const auto chunk = buffers.encoder.encode(std::as_bytes(std::span(buffers.pixels)));
      patch.chunk.assign(chunk.begin(), chunk.end());
    }
    return patch;
  }

  // Fills `buffers.pixels` with all bands of the patch, and `entry` with what is known of each.
  void cut_bands(const Step& step, const Output& output, PatchPosition position, CutBuffers& buffers,
                 PartEntry& entry) const {
    const StageTimes::Timer timer(times_, Stage::cut);
    for (std::size_t band = 0; band < output.bands.size(); ++band) {
      const auto plane = std::span(buffers.pixels).subspan(band * output.plane_px, output.plane_px);
      const PixelMoments moments = output.is_upsampled
                                       ? upsample_plane(step, output.bands[band], position, plane, buffers)
                                       : cut_plane(step, output.bands[band], position, plane);
      entry.moments[band] = {moments.sum, moments.sum_of_squares, moments.minimum, moments.maximum};
      if (moments.has_zero) entry.has_zero = 1;
    }
  }

  // A patch of one band on its native grid, harmonised.
  PixelMoments cut_plane(const Step& step, std::size_t band, PatchPosition position,
                         std::span<std::uint16_t> plane) const {
    const int side = bands_[band].patch_px;
    cut_box(step.strips[band], {position.column * side, position.row * side, side, side}, plane);
    return harmonise(plane, bands_[band].offset);
  }

  // A patch of one band on the 10 m grid: harmonised, then upsampled amid its neighbours.
  PixelMoments upsample_plane(const Step& step, std::size_t band, PatchPosition position,
                              std::span<std::uint16_t> plane, CutBuffers& buffers) const {
    const BandStream& stream = bands_[band];
    const int side = stream.patch_px, x = position.column * side, y = position.row * side;
    const int left = std::max(x - stream.halo_px, 0), top = std::max(y - stream.halo_px, 0);
    const PixelBox box{left, top, std::min(x + side + stream.halo_px, stream.reader.layout().width) - left,
                       std::min(y + side + stream.halo_px, stream.reader.layout().height) - top};
    buffers.window.resize(std::size_t(box.width) * std::size_t(box.height));
    cut_box(step.strips[band], box, buffers.window);
    harmonise(buffers.window, stream.offset);
    const UpsampleWindow window{buffers.window, box.width, box.height, x - left, y - top, side};
    upsamplers_.at(stream.info.resolution_m).run(window, plane, buffers.upsample);
    constexpr int kNoOffset = 0;
    return harmonise(plane, kNoOffset);
  }

  const ProductScan& scan_;
  ExtractionSettings settings_;
  StageTimes& times_;
  std::uint64_t bytes_per_patch_;
  std::map<int, Upsampler> upsamplers_;  // by resolution
  bool is_upsampled_ = false;
  std::vector<BandStream> bands_;
  std::vector<Output> outputs_;
  std::map<int, std::vector<int>> columns_of_row_;  // patch row → its candidates' columns
  std::map<int, std::vector<int>>::const_iterator next_row_;
  tbb::enumerable_thread_specific<CutBuffers> buffers_;
  FirstError error_;
};

}  // namespace

ExtractionSettings extraction_settings(const IngestOptions& options) {
  ExtractionSettings settings{UpsampleMethod::nearest, options.raw_dn, options.keep_zero_pixels};
  if (!options.upsample.empty()) settings.upsample = parse_upsample_method(options.upsample);
  return settings;
}

void extract_patches(const ProductScan& scan, const ExtractionPlace& place, const ExtractionSettings& settings,
                     StageTimes& times, const std::function<void(const ExtractedRow&)>& on_row) {
  with_context(scan.product.name, [&] { UnitExtraction(scan, place, settings, times).run(on_row); });
}

std::uint64_t bytes_per_patch(std::span<const ArrayPart> parts) {
  std::uint64_t bytes = 0;
  for (const ArrayPart& part : parts) bytes += image_spec(part.array).sample_bytes();
  return bytes;
}

}  // namespace eoshard::ingest
