#include "libingest/pipeline/dataset_verifier.hpp"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/shard/hdf5_reader.hpp"
#include "libingest/shard/shard_reader.hpp"

namespace eoshard::ingest {
namespace {

struct DecodeBuffers {
  std::optional<ChunkDecoder> decoder;
  std::vector<std::byte> chunk;
  std::vector<std::byte> values;
  std::vector<std::byte> zarr_values;

  void prepare(const ArraySpec& spec) {
    if (!decoder) decoder.emplace(spec.codec);
    values.resize(spec.sample_bytes());
    zarr_values.resize(spec.sample_bytes());
  }
};

constexpr const char* kZarr = "zarr";
constexpr const char* kHdf5 = "hdf5";

void check_equal(std::span<const std::byte> hdf5, std::span<const std::byte> zarr) {
  if (!std::equal(hdf5.begin(), hdf5.end(), zarr.begin(), zarr.end())) {
    throw Error(ErrorKind::input, "the values in HDF5 differ from those in Zarr");
  }
}

class Verifier {
 public:
  Verifier(const std::filesystem::path& dataset, const DatasetManifest& manifest, const ProgressCallback& progress)
      : dataset_(dataset), manifest_(manifest), progress_(progress) {}

  Verification run() {
    read_table();
    for (const Split& split : manifest_.splits) verify_split(split);
    verify_rejected_table();
    result_.chunks = chunks_;
    return std::move(result_);
  }

 private:
  // samples.csv names the samples. Its first three columns hold neither commas nor quotes.
  void read_table() {
    std::ifstream table(dataset_ / "samples.csv");
    std::string line;
    std::getline(table, line);
    std::int64_t rows = 0;
    for (; std::getline(table, line); ++rows) {
      std::istringstream fields(line);
      std::string split, index, id;
      std::getline(std::getline(std::getline(fields, split, ','), index, ','), id, ',');
      ids_of_split_[split].push_back(id);
    }
    check_rows("samples.csv", rows, manifest_.samples());
  }

  void verify_rejected_table() {
    std::ifstream table(dataset_ / "rejected.csv");
    std::int64_t rows = -1;  // the header is none
    for (std::string line; std::getline(table, line);) ++rows;
    std::uint64_t rejected = 0;
    for (const auto& [reason, patches] : manifest_.rejected) rejected += patches;
    check_rows("rejected.csv", std::max<std::int64_t>(rows, 0), static_cast<std::int64_t>(rejected));
  }

  void check_rows(const std::string& table, std::int64_t rows, std::int64_t expected) {
    if (rows != expected) add({"", "", table, -1, "", fmt::format("has {} rows instead of {}", rows, expected)});
  }

  void verify_split(const Split& split) {
    ids_ = ids_of_split_[split.name];
    if (manifest_.formats.zarr) verify_group(split);
    verify_arrays(split, patch_id_spec());
    for (const ImageArray& array : manifest_.arrays) verify_arrays(split, image_spec(array));
    if (!manifest_.classes.empty()) verify_arrays(split, classes_spec(manifest_.classes.size()));
  }

  void verify_group(const Split& split) {
    try {
      const auto path = split_folder(dataset_, split.name) / "zarr.json";
      if (read_text_file(path) == zarr_group_metadata("{}")) return;
      add({split.name, kZarr, "zarr.json", -1, "", "the group's metadata is not what eoshard writes"});
    } catch (const Error& error) {
      add({split.name, kZarr, "zarr.json", -1, "", error.what()});
    }
  }

  void verify_arrays(const Split& split, const ArraySpec& expected) {
    std::optional<ArrayReader> zarr;
    if (manifest_.formats.zarr) {
      guard(split, kZarr, expected, [&] {
        open_zarr(split, expected, zarr);
        verify_array(split, kZarr, *zarr, nullptr);
      });
    }
    if (manifest_.formats.hdf5) {
      guard(split, kHdf5, expected, [&] {
        const Hdf5ArrayReader hdf5(dataset_, split.name, manifest_.formats, expected, split.samples);
        verify_array(split, kHdf5, hdf5, zarr ? &*zarr : nullptr);
      });
    }
  }

  // An array that cannot be opened at all is one damage.
  template <class Work>
  void guard(const Split& split, const char* format, const ArraySpec& expected, const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      add({split.name, format, expected.name, -1, "", error.what()});
    }
  }

  void open_zarr(const Split& split, const ArraySpec& expected, std::optional<ArrayReader>& array) const {
    array.emplace(split_folder(dataset_, split.name) / expected.name);
    if (array->samples() == split.samples && array->spec().sample_shape == expected.sample_shape &&
        array->spec().codec == expected.codec)
      return;
    array.reset();
    throw Error(ErrorKind::input, "the array's shape or type differs from dataset.json");
  }

  template <class Reader>
  void verify_array(const Split& split, const char* format, const Reader& array, const ArrayReader* zarr) {
    if (array.spec().is_chunk_per_sample) {
      verify_samples(split, format, array, zarr);
    } else {
      verify_rows(split, format, array, zarr);
    }
  }

  template <class Reader>
  void verify_samples(const Split& split, const char* format, const Reader& array, const ArrayReader* zarr) {
    tbb::enumerable_thread_specific<DecodeBuffers> buffers;
    std::vector<std::string> reasons(static_cast<std::size_t>(split.samples));
    tbb::parallel_for(std::int64_t{0}, split.samples, [&](std::int64_t index) {
      DecodeBuffers& own = buffers.local();
      own.prepare(array.spec());
      try {
        array.read_sample(index, own.values, *own.decoder, own.chunk);
        if (zarr != nullptr && reads(*zarr, index, own)) check_equal(own.values, own.zarr_values);
      } catch (const Error& error) {
        reasons[static_cast<std::size_t>(index)] = error.what();
      }
      count_chunk();
    });
    for (std::size_t index = 0; index < reasons.size(); ++index) {
      if (!reasons[index].empty()) {
        add({split.name, format, array.spec().name, static_cast<std::int64_t>(index), id_of(index), reasons[index]});
      }
    }
  }

  // Damage of the Zarr array itself has been reported before.
  static bool reads(const ArrayReader& zarr, std::int64_t index, DecodeBuffers& own) {
    try {
      zarr.read_sample(index, own.zarr_values, *own.decoder, own.chunk);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  // A chunk holds a shard's rows: when it is damaged, so is each of its samples.
  template <class Reader>
  void verify_rows(const Split& split, const char* format, const Reader& array, const ArrayReader* zarr) {
    for (std::int64_t shard = 0; shard < shard_count(split.samples); ++shard) {
      try {
        const std::vector<std::byte> rows = array.read_shard_rows(shard);
        if (zarr != nullptr) compare_rows(*zarr, shard, rows);
        if (array.spec().name == patch_id_spec().name) compare_ids(split, format, shard, rows);
      } catch (const Error& error) {
        const std::int64_t end = std::min((shard + 1) * kShardSamples, split.samples);
        for (std::int64_t index = shard * kShardSamples; index < end; ++index) {
          add({split.name, format, array.spec().name, index, id_of(static_cast<std::size_t>(index)), error.what()});
        }
      }
      count_chunk();
    }
  }

  static void compare_rows(const ArrayReader& zarr, std::int64_t shard, const std::vector<std::byte>& rows) {
    std::vector<std::byte> expected;
    try {
      expected = zarr.read_shard_rows(shard);
    } catch (const Error&) {
      return;  // reported before
    }
    check_equal(rows, expected);
  }

  void compare_ids(const Split& split, const char* format, std::int64_t shard, const std::vector<std::byte>& rows) {
    // Rows that the table lacks are reported as such, once.
    const auto in_both = std::min(split.samples, static_cast<std::int64_t>(ids_.size()));
    const std::int64_t end = std::min((shard + 1) * kShardSamples, in_both);
    for (std::int64_t index = shard * kShardSamples; index < end; ++index) {
      const char* row = reinterpret_cast<const char*>(rows.data()) + (index - shard * kShardSamples) * kPatchIdBytes;
      const std::string id(row, ::strnlen(row, kPatchIdBytes));
      const std::string in_table = id_of(static_cast<std::size_t>(index));
      if (id != in_table)
        add({split.name, format, "patch_id", index, id, fmt::format("samples.csv has '{}'", in_table)});
    }
  }

  std::string id_of(std::size_t index) const { return index < ids_.size() ? ids_[index] : ""; }

  void add(Damage damage) { result_.damages.push_back(std::move(damage)); }

  void count_chunk() {
    const std::uint64_t done = ++chunks_;
    if (!progress_) return;
    const std::lock_guard lock(progress_mutex_);
    progress_({"verify", done, 0, "chunks", ""});
  }

  const std::filesystem::path& dataset_;
  const DatasetManifest& manifest_;
  const ProgressCallback& progress_;
  Verification result_;
  std::map<std::string, std::vector<std::string>> ids_of_split_;  // from samples.csv
  std::vector<std::string> ids_;                                  // of the split at hand
  std::atomic<std::uint64_t> chunks_ = 0;
  std::mutex progress_mutex_;
};

}  // namespace

Verification verify_dataset(const std::filesystem::path& dataset, const DatasetManifest& manifest, int threads,
                            const ProgressCallback& progress) {
  std::optional<tbb::global_control> limit;
  if (threads > 0) limit.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  return Verifier(dataset, manifest, progress).run();
}

}  // namespace eoshard::ingest
