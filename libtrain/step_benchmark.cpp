#include "libtrain/step_benchmark.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "libtrain/batch_placer.hpp"
#include "libtrain/epoch_requests.hpp"
#include "libtrain/run_schedule.hpp"
#include "libtrain/run_setup.hpp"
#include "libtrain/sample_selection.hpp"

namespace eoshard::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kStepsSeconds = 10;
constexpr std::int64_t kWarmUpSteps = 5;
constexpr std::int64_t kStepsOfGpu = 20;  // between two looks at the clock, for which the GPU is waited for

// Steps on one micro-batch, which the device holds.
class ResidentSteps {
 public:
  ResidentSteps(const TrainOptions& options, const TrainSetting& setting)
      : options_(options),
        dataset_(open_for_training(options, setting.world)),
        samples_(select_training_samples(options, dataset_, setting.world)),
        plan_(plan_epoch(options, static_cast<std::int64_t>(samples_.size()), 0)),
        device_(choose_device(options, setting.world)),
        state_(make_initial_network(options, dataset_, setting.world, setting.log), device_, update_rules(options)),
        pass_{state_.network(), dataset_.input, dataset_.task, device_, parse_precision(options.precision)},
        loss_(step_options(options, dataset_, device_).loss),
        placer_(make_batch_placer(pass_, dataset_.split("train"), {})),
        loader_(dataset_.split("train"), placer_->maker(), {first_request()},
                {1, 2, DamagedPlace::substitute, placer_->memory()}),
        batch_(placer_->place(loader_.next(), std::nullopt)) {
    state_.begin_training();
  }

  // The last loss is read, so that a GPU has finished. Returns seconds.
  double run(std::int64_t steps) {
    const Clock::time_point start = Clock::now();
    for (std::int64_t step = 0; step < steps; ++step) take_step();
    loss_value_.item<double>();
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  const StepPlan& plan() const { return plan_; }
  std::string input_type() const { return batch_.images.scalar_type() == at::kFloat ? "float32" : "bfloat16"; }

 private:
  BatchRequest first_request() const { return epoch_requests(options_, samples_, plan_, {0, 1}, 0, 0).front(); }

  void take_step() {
    state_.buffer().zero();
    for (std::int64_t micro_batch = 0; micro_batch < plan_.micro_batches(); ++micro_batch) {
      const at::Tensor loss = mean_loss(loss_, run_forward(pass_, batch_), batch_.targets);
      loss.backward();
      loss_value_ = loss.detach();
    }
    state_.update(options_.learning_rate, step_++);
  }

  const TrainOptions& options_;
  OpenDataset dataset_;
  std::vector<std::int64_t> samples_;
  StepPlan plan_;
  at::Device device_;
  TrainingState state_;
  ForwardPass pass_;
  LossOptions loss_;
  std::unique_ptr<BatchPlacer> placer_;
  BatchLoader loader_;  // its memory is the batch's on a CPU
  DeviceBatch batch_;
  at::Tensor loss_value_;
  std::int64_t step_ = 0;
};

}  // namespace

std::string benchmark_step(const TrainOptions& wanted, const TrainSetting& setting) {
  if (setting.world.size() > 1)
    throw Error(ErrorKind::usage, "--benchmark-step measures one rank: start it without mpirun").mark_agreed();
  if (wanted.step == "graphed")
    throw Error(ErrorKind::usage, "--benchmark-step measures eager steps only: leave --step out").mark_agreed();
  const TrainOptions options = settle_options(wanted, setting.world);
  ResidentSteps resident(options, setting);
  resident.run(kWarmUpSteps);
  std::int64_t steps = 0;
  double seconds = 0;
  const auto is_enough = [&] { return options.max_steps > 0 ? steps >= options.max_steps : seconds >= kStepsSeconds; };
  while (!is_enough()) {
    const std::int64_t most = options.device == "cpu" ? 1 : kStepsOfGpu;
    const std::int64_t taken = options.max_steps > 0 ? std::min(most, options.max_steps - steps) : most;
    seconds += resident.run(taken);
    steps += taken;
  }
  const StepPlan& plan = resident.plan();
  return nlohmann::ordered_json{{"model", options.model},
                                {"precision", options.precision},
                                {"input", resident.input_type()},
                                {"device", options.device},
                                {"threads", options.threads},
                                {"batch_size", plan.batch_size},
                                {"micro_batch_size", plan.micro_batch_size},
                                {"steps", steps},
                                {"images_per_second", static_cast<double>(steps * plan.batch_size) / seconds}}
      .dump();
}

}  // namespace eoshard::train
