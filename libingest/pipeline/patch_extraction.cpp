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
#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/harmonisation.hpp"
#include "libingest/decode/tile_coverage.hpp"
#include "libingest/decode/tile_row.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {
namespace {

// A band of the group on its way: the file, the offset that harmonises it, and the tile rows now in the window.
struct BandStream {
  BandReader reader;
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

// Per thread: an encoder and room for one patch of all bands.
struct CutBuffers {
  ChunkEncoder encoder{ChunkCodec::blosc_zstd_u16};
  std::vector<std::uint16_t> pixels;  // (band, row, column)
};

class GroupExtraction {
 public:
  GroupExtraction(const ProductScan& scan, const ResolutionGroup& group, const std::filesystem::path& part)
      : group_(group), writer_(part) {
    const std::vector<PatchPosition> candidates = scan.candidates();
    for (const PatchPosition& position : candidates) columns_of_row_[position.row].push_back(position.column);
    for (const BandInfo& info : group.bands) bands_.push_back(open_band(scan.product, info, candidates));
    next_row_ = columns_of_row_.begin();
  }

  void run(const std::function<void(std::size_t)>& on_patches) {
    using tbb::filter_mode;
    tbb::parallel_pipeline(
        steps_in_flight(),
        tbb::make_filter<void, std::shared_ptr<Step>>(filter_mode::serial_in_order,
                                                      [&](tbb::flow_control& control) { return next_step(control); }) &
            tbb::make_filter<std::shared_ptr<Step>, std::shared_ptr<Step>>(
                filter_mode::parallel, [](const std::shared_ptr<Step>& step) { return decode_tiles(step); }) &
            tbb::make_filter<std::shared_ptr<Step>, void>(filter_mode::serial_in_order,
                                                          [&](const std::shared_ptr<Step>& step) {
                                                            cut_and_append(*step);
                                                            on_patches(step->columns.size());
                                                          }));
    writer_.close();
  }

 private:
  BandStream open_band(const Product& product, const BandInfo& info, std::span<const PatchPosition> candidates) const {
    BandReader reader(product.band_files.at(std::string(info.name)));
    check_layout(reader, product.geometry.size_px(group_.resolution_m), 2);
    const auto offset = product.boa_add_offset.find(std::string(info.name));
    auto is_needed = find_needed_tiles(reader.layout(), candidates, group_.patch_px);
    return {std::move(reader), offset == product.boa_add_offset.end() ? 0 : offset->second, std::move(is_needed), {}};
  }

  // Enough rows of patches to hold two rows of tiles, so that one is decoded while the other is cut.
  std::size_t steps_in_flight() const {
    const int tile_height = bands_.front().reader.layout().tile_height;
    return static_cast<std::size_t>(tile_height / group_.patch_px) + 2;
  }

  std::shared_ptr<Step> next_step(tbb::flow_control& control) {
    if (next_row_ == columns_of_row_.end()) {
      control.stop();
      return nullptr;
    }
    auto step = std::make_shared<Step>();
    step->patch_row = next_row_->first;
    step->columns = next_row_->second;
    for (BandStream& band : bands_) step->strips.push_back(advance_window(band, step->patch_row, step->tiles));
    ++next_row_;
    return step;
  }

  // Moves a band's window to the strips under a row of patches; tiles of strips that are new become tasks.
  std::vector<std::shared_ptr<TileRow>> advance_window(BandStream& band, int patch_row,
                                                       std::vector<TileTask>& tasks) const {
    const ImageLayout& layout = band.reader.layout();
    const int top = patch_row * group_.patch_px;
    const int first = top / layout.tile_height;
    const int last = (top + group_.patch_px - 1) / layout.tile_height;
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

  static std::shared_ptr<Step> decode_tiles(const std::shared_ptr<Step>& step) {
    tbb::parallel_for(std::size_t{0}, step->tiles.size(), [&](std::size_t index) {
      const TileTask& task = step->tiles[index];
      decode_tile(task.band->reader, *task.row, task.column);
    });
    return step;
  }

  void cut_and_append(const Step& step) {
    std::vector<EncodedPatch> patches(step.columns.size());
    // Isolated: a thread that waits here must not start decoding a whole tile of a later step.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t index) {
        patches[index] = encode_patch(step, {step.columns[index], step.patch_row}, buffers_.local());
      });
    });
    for (const EncodedPatch& patch : patches) writer_.append(patch.entry, patch.chunk);
  }

  EncodedPatch encode_patch(const Step& step, PatchPosition position, CutBuffers& buffers) const {
    const std::size_t plane_px = std::size_t(group_.patch_px) * std::size_t(group_.patch_px);
    buffers.pixels.resize(bands_.size() * plane_px);
    EncodedPatch patch;
    patch.entry.position = position;
    for (std::size_t band = 0; band < bands_.size(); ++band) {
      const auto plane = std::span(buffers.pixels).subspan(band * plane_px, plane_px);
      cut_square(step.strips[band], position.column * group_.patch_px, position.row * group_.patch_px, group_.patch_px,
                 plane);
      const PixelMoments moments = harmonise(plane, bands_[band].offset);
      patch.entry.moments[band] = {moments.sum, moments.sum_of_squares, moments.minimum, moments.maximum};
      if (moments.has_zero) patch.entry.has_zero = 1;
    }
    if (patch.entry.has_zero == 0) {
      const auto chunk = buffers.encoder.encode(std::as_bytes(std::span(buffers.pixels)));
      patch.chunk.assign(chunk.begin(), chunk.end());
    }
    return patch;
  }

  ResolutionGroup group_;
  PartWriter writer_;
  std::vector<BandStream> bands_;
  std::map<int, std::vector<int>> columns_of_row_;  // patch row → its candidates' columns
  std::map<int, std::vector<int>>::const_iterator next_row_;
  tbb::enumerable_thread_specific<CutBuffers> buffers_;
};

}  // namespace

void extract_group(const ProductScan& scan, const ResolutionGroup& group, const std::filesystem::path& part,
                   const std::function<void(std::size_t)>& on_patches) {
  with_context(scan.product.name, [&] { GroupExtraction(scan, group, part).run(on_patches); });
}

}  // namespace eoshard::ingest
