#include "libtrain/collective_benchmark.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "libtrain/dist/collective.hpp"
#include "libtrain/dist/rank_mean.hpp"
#include "libtrain/dist/staged_collective.hpp"
#include "libtrain/run_setup.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kSmallest = 4, kLargest = std::int64_t{64} << 20;
constexpr double kSecondsASize = 0.3;
constexpr int kFewest = 3, kMost = 1000;

// Until the device has done what was asked, too.
double seconds_of(const std::function<void()>& work, at::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
  const auto start = Clock::now();
  work();
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double slowest(double own, const Communicator& world) {
  const std::vector<double> all = world.all_gather(std::span<const double>(&own, 1));
  return *std::ranges::max_element(all);
}

// The ranks agree on the number of repeats by the first one, which also warms up.
double median_seconds(const std::function<void()>& work, at::Device device, const Communicator& world) {
  work();
  const double first = slowest(seconds_of(work, device), world);
  const int repeats = std::clamp(static_cast<int>(kSecondsASize / std::max(first, 1e-9)), kFewest, kMost);
  std::vector<double> times;
  for (int repeat = 0; repeat < repeats; ++repeat) times.push_back(seconds_of(work, device));
  std::ranges::nth_element(times, times.begin() + repeats / 2);
  return slowest(times[static_cast<std::size_t>(repeats / 2)], world);
}

void add_rows(Json& rows, const std::string& back_end, Collective& collective, at::Device device,
              const Communicator& world) {
  for (const bool is_exact : {false, true}) {
    for (std::int64_t bytes = kSmallest; bytes <= kLargest; bytes *= 4) {
      const at::Tensor values = at::zeros({bytes / 4}, at::TensorOptions(device));
      const double seconds = median_seconds(
          [&] {
            if (is_exact) {
              average_over_ranks(values, collective);
            } else {
              collective.sum(values);
            }
          },
          device, world);
      const double moved = 2.0 * (world.size() - 1) / world.size() * static_cast<double>(bytes);
      rows.push_back({{"back_end", back_end},
                      {"reduction", is_exact ? "exact" : "fast"},
                      {"bytes", bytes},
                      {"latency_us", seconds * 1e6},
                      {"bus_gb_per_s", moved / seconds / 1e9}});
    }
  }
}

}  // namespace

std::string benchmark_collectives(const Communicator& world, const std::string& device_name) {
  if (world.size() == 1) {
    throw Error(ErrorKind::usage, "--benchmark-collectives is of several ranks: start it with mpirun -n N")
        .mark_agreed();
  }
  const at::NoGradGuard no_gradients;
  TrainOptions options;
  options.device = device_name;
  const at::Device device = choose_device(options, world);
  Json rows = Json::array();
  if (device.is_cuda()) {
    add_rows(rows, "nccl", *make_collective(world, device), device, world);
    if (world.has_mpi()) {
      add_rows(rows, "mpi_pinned", *make_staged_collective(make_collective(world, at::kCPU)), device, world);
    }
  } else {
    add_rows(rows, "mpi", *make_collective(world, device), device, world);
  }
  return Json{{"ranks", world.size()}, {"device", device_name}, {"rows", rows}}.dump();
}

std::string collectives_table(const std::string& json) {
  const Json measured = Json::parse(json);
  std::string table =
      fmt::format("{:<12} {:<10} {:>12} {:>14} {:>14}\n", "back end", "reduction", "bytes", "latency, us", "bus GB/s");
  for (const Json& row : measured.at("rows")) {
    table += fmt::format("{:<12} {:<10} {:>12} {:>14.1f} {:>14.3f}\n", row.at("back_end").get<std::string>(),
                         row.at("reduction").get<std::string>(), row.at("bytes").get<std::int64_t>(),
                         row.at("latency_us").get<double>(), row.at("bus_gb_per_s").get<double>());
  }
  return table;
}

}  // namespace eoshard::train
