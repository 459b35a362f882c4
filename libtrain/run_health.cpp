#include "libtrain/run_health.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "libingest/shard/crc32c.hpp"
#include "libtrain/checkpoint/checkpoint.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/optim/optimizer.hpp"

namespace eoshard::train {

void diverged(const std::string& what, const LastStep& step) {
  const std::filesystem::path checkpoint = newest_checkpoint_path(step.run);
  throw Error(ErrorKind::input,
              fmt::format("{} in step {} (epoch {}) at learning rate {:.6g}; last good checkpoint: {}; try a lower "
                          "--learning-rate, a longer --warmup-epochs or --clip-gradient-norm, with --overwrite or in "
                          "another --out",
                          what, step.number, std::floor(step.epoch) + 1, step.learning_rate,
                          checkpoint.empty() ? "none" : checkpoint.string()))
      .mark_agreed();
}

void check_weights(const at::Tensor& weights, const LastStep& step, const Communicator& world) {
  const at::Tensor on_cpu = weights.to(at::kCPU);
  if (!std::isfinite(squared_norm(on_cpu))) diverged("weights became infinite or no numbers", step);
  const std::span<const float> values(on_cpu.const_data_ptr<float>(), static_cast<std::size_t>(on_cpu.numel()));
  const std::uint32_t own[] = {ingest::crc32c(std::as_bytes(values))};
  const std::vector<std::uint32_t> all = world.all_gather(std::span<const std::uint32_t>(own));
  const auto other = std::ranges::find_if(all, [&](std::uint32_t checksum) { return checksum != all.front(); });
  if (other == all.end()) return;
  throw Error(ErrorKind::internal, fmt::format("after step {} the weights of rank {} differ from those of rank 0",
                                               step.number, other - all.begin()))
      .mark_agreed();
}

}  // namespace eoshard::train
