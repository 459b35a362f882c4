#include "libtrain/input_benchmark.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "libtrain/data/batch_loader.hpp"
#include "libtrain/data/transform.hpp"
#include "libtrain/run_setup.hpp"
#include "libtrain/sample_selection.hpp"

namespace eoshard::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPassesSeconds = 5;
constexpr std::int64_t kBatch = 64;

// Decodes each sample once, on `threads` threads. @throws what reading one of them threw.
void read_all(const SplitReader& split, const std::vector<std::int64_t>& order, int threads) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr error;
  std::mutex mutex;
  const auto read = [&] {
    SplitReader::SampleBuffer buffer = split.make_buffer();
    try {
      for (std::size_t at = next++; at < order.size(); at = next++) split.read(order[at], buffer);
    } catch (...) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int thread = 0; thread < threads; ++thread) workers.emplace_back(read);
  }
  if (error) std::rethrow_exception(error);
}

std::vector<BatchRequest> batches_of(const std::vector<std::int64_t>& order, std::uint64_t seed, std::int64_t epoch) {
  std::vector<BatchRequest> batches;
  for (std::size_t at = 0; at < order.size(); ++at) {
    if (at % kBatch == 0) batches.emplace_back();
    batches.back().push_back({order[at], draw_orientation(true, true, seed, epoch, order[at])});
  }
  return batches;
}

// Images a second of `pass(epoch)`, which goes once over all samples.
double measure(std::size_t samples, const std::function<void(std::int64_t)>& pass) {
  const Clock::time_point start = Clock::now();
  double seconds = 0;
  std::int64_t passes = 0;
  while (seconds < kPassesSeconds) {
    pass(++passes);
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(passes) * static_cast<double>(samples) / seconds;
}

}  // namespace

std::string benchmark_input(const TrainOptions& wanted, const TrainSetting& setting) {
  if (setting.world.size() > 1)
    throw Error(ErrorKind::usage, "--benchmark-input measures one rank: start it without mpirun").mark_agreed();
  const TrainOptions options = settle_options(wanted, setting.world);
  const OpenDataset dataset = open_for_training(options, setting.world);
  const SplitReader& split = dataset.split("train");
  const std::vector<std::int64_t> samples = select_samples(options, split);
  const int threads = static_cast<int>(options.loader_threads);
  read_all(split, samples, threads);
  const double raw = measure(
      samples.size(), [&](std::int64_t epoch) { read_all(split, order_samples(options, samples, epoch), threads); });
  const bool is_rounded = options.precision == "bf16" && options.mixup_alpha == 0;
  const PixelType type = is_rounded ? PixelType::bfloat16 : PixelType::float32;
  const InputTransform transform(dataset.input, PixelLayout::channels_last, type);
  const double transformed = measure(samples.size(), [&](std::int64_t epoch) {
    const auto order = order_samples(options, samples, epoch);
    const std::vector<BatchRequest> batches = batches_of(order, options.seed, epoch);
    BatchLoader loader(split, transform, batches, {threads, 3});
    for (std::size_t batch = 0; batch < batches.size(); ++batch) loader.next();
  });
  return nlohmann::ordered_json{{"data", options.data},
                                {"samples", samples.size()},
                                {"threads", threads},
                                {"bands", dataset.input.bands.size()},
                                {"rows", dataset.input.rows},
                                {"columns", dataset.input.columns},
                                {"type", is_rounded ? "bfloat16" : "float32"},
                                {"raw_images_per_second", raw},
                                {"transformed_images_per_second", transformed}}
      .dump();
}

}  // namespace eoshard::train
