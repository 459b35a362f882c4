// The steps of an epoch.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/epoch_requests.hpp"
#include "libtrain/loss/loss_scale.hpp"
#include "libtrain/training_run.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// One in so many steps, from an epoch's first on, measures the gradient's noise: two passes over all gradients, which
// on a CPU take some hundredths of ResNet-50's step.
constexpr std::int64_t kStepsOfNoise = 4;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string trace_line(std::int64_t step, const ReductionTrace& trace, double waited_s) {
  Json buckets = Json::array();
  for (const ReductionTrace::BucketTimes& times : trace.buckets) {
    buckets.push_back({{"bytes", times.bytes},
                       {"launched_s", times.launched_s},
                       {"started_s", times.started_s},
                       {"ended_s", times.ended_s}});
  }
  const Json line = {
      {"step", step}, {"backward_ended_s", trace.backward_ended_s}, {"waited_s", waited_s}, {"buckets", buckets}};
  return line.dump();
}

}  // namespace

bool TrainingRun::train_epoch() {
  begin_phase();
  state_.begin_training();
  communication_wait_s_ = 0;
  const auto start = Clock::now();
  const std::int64_t first_step = position_.step;
  BatchLoader loader(dataset_.split("train"), placer_->maker(), wanted_batches(),
                     {static_cast<int>(options_.loader_threads), 3, DamagedPlace::substitute, placer_->memory()});
  BatchFeed feed(loader, *placer_);
  while (!is_stop_wanted_ && position_.step_in_epoch < plan_.steps() && position_.step < last_step_) {
    take_step(feed, loader, start, first_step);
    if (!is_checkpoint_due()) continue;
    check_weights(state_.weights(), last_step_taken(), world_);
    save();
  }
  check_weights(state_.weights(), last_step_taken(), world_);
  if (is_stop_wanted_) {
    save_and_wait();
    return false;
  }
  note_damage();
  const double seconds = seconds_since(start);
  const double images = static_cast<double>((position_.step - first_step) * plan_.batch_size);
  Json line = {{"epoch", position_.epoch + 1},
               {"split", "train"},
               {"step", position_.step},
               {"loss", position_.loss_sum / static_cast<double>(position_.step_in_epoch)},
               {"batch_size", plan_.batch_size},
               {"gradient_noise_scale", noise_scale()},
               {"images_per_second", images > 0 ? Json(images / seconds) : Json()},
               {"input_wait_share", loader.wait_s() / seconds},
               {"communication_wait_share", communication_wait_s_ / seconds},
               {"learning_rate", learning_rate(schedule_, position_.step - 1)}};
  if (options_.skip_damaged) line["damaged"] = position_.damaged.size();
  write_line(line);
  return true;
}

// The rest of the epoch; what the device has already is not read again.
std::vector<BatchRequest> TrainingRun::wanted_batches() const {
  std::vector<BatchRequest> requests =
      epoch_requests(options_, samples_, plan_, own_share(), position_.epoch, position_.step_in_epoch);
  for (BatchRequest& request : requests) {
    for (SampleRequest& sample : request) sample.is_wanted = placer_->is_wanted(sample.sample);
  }
  return requests;
}

void TrainingRun::take_step(BatchFeed& feed, const BatchLoader& loader, Clock::time_point start,
                            std::int64_t first_step) {
  const double rate = learning_rate(schedule_, position_.step);
  const StepFigures figures =
      step_->run(feed, {position_.step, position_.epoch, rate, position_.loss_scale, setting_.is_stop_requested(),
                        position_.step_in_epoch % kStepsOfNoise == 0});
  ++position_.step;
  ++position_.step_in_epoch;
  communication_wait_s_ += step_->waited_s();
  if (is_traced_) trace_step();
  ++unsettled_.steps;
  unsettled_.loss_sum += figures.loss;
  unsettled_.is_stop_wanted |= figures.is_stop_wanted;
  if (pass_.precision == Precision::fp16) follow_loss_scale(figures.has_overflow);
  if (!figures.has_overflow) add_noise(figures);
  if (!is_local() || is_synchronisation_due()) settle_steps();
  images_taken_ += plan_.batch_size;
  const double seconds = seconds_since(start);
  const double images = static_cast<double>((position_.step - first_step) * plan_.batch_size);
  show_step(figures.loss, images / seconds, loader.wait_s() / seconds);
}

// As with other figures, a full disk does not end a run.
void TrainingRun::trace_step() {
  try {
    append_trace(run_, trace_line(position_.step, step_->trace(), step_->waited_s()));
  } catch (const Error& error) {
    setting_.log.warning(fmt::format("TRACE NOT WRITTEN: {}. Training goes on without it", error.what()));
    is_traced_ = false;
  }
}

// Time left is that of the run, by all that this process has done so far: evaluations and checkpoints included.
void TrainingRun::show_step(double loss, double images_per_second, double input_wait_share) const {
  const double speed = static_cast<double>(images_taken_) / seconds_since(run_start_);
  const std::string note =
      fmt::format("step {}, loss {:.4f}, input wait {:.0f} %, run {} left", position_.step, loss,
                  100 * input_wait_share, duration_text(static_cast<double>(images_wanted_ - images_taken_) / speed));
  setting_.show_progress({fmt::format("epoch {}/{}", position_.epoch + 1, options_.epochs),
                          static_cast<std::uint64_t>(position_.step_in_epoch * plan_.batch_size),
                          static_cast<std::uint64_t>(plan_.steps() * plan_.batch_size), "images", note,
                          images_per_second});
}

void TrainingRun::follow_loss_scale(bool has_overflow) {
  constexpr double kLeast = 1.0 / 65536;
  LossScale scale{position_.loss_scale, position_.scale_steps};
  scale.follow(has_overflow);
  position_.loss_scale = scale.scale;
  position_.scale_steps = scale.good_steps;
  if (scale.scale < kLeast) diverged("gradients overflow float16 at any loss scale", last_step_taken());
}

// Checkpoints and evaluation come at a synchronisation only, so that a run goes on as if it had never stopped.
bool TrainingRun::is_synchronisation_due() const {
  const bool is_end = position_.step_in_epoch == plan_.steps() || position_.step == last_step_;
  return is_end || position_.step_in_epoch % local_steps_ == 0;
}

void TrainingRun::settle_steps() {
  if (is_local()) synchronise();
  if (!std::isfinite(unsettled_.loss_sum)) {
    diverged(fmt::format("the loss became {}", std::abs(unsettled_.loss_sum)), last_step_taken());
  }
  is_stop_wanted_ = unsettled_.is_stop_wanted;
  position_.loss_sum += unsettled_.loss_sum;
  unsettled_ = {};
}

// Lin, Stich, Patel, Jaggi, "Don't use large mini-batches, use local SGD", ICLR 2020: weights and momenta become their
// means over ranks, each of which has followed its own share of the batches.
void TrainingRun::synchronise() {
  state_.average(*collective_);
  const double own[] = {unsettled_.loss_sum, unsettled_.is_stop_wanted ? 1.0 : 0.0};
  const std::vector<double> all = world_.all_gather(std::span<const double>(own));
  unsettled_.loss_sum = 0;
  for (std::size_t rank = 0; rank < all.size(); rank += 2) {
    unsettled_.loss_sum += all[rank] / world_.size();
    unsettled_.is_stop_wanted |= all[rank + 1] > 0;
  }
}

// Estimates of the true gradient's squared norm and of the noise, averaged apart over the epoch (McCandlish, Kaplan,
// Amodei, "An empirical model of large-batch training", 2018, appendix A.1).
void TrainingRun::add_noise(const StepFigures& figures) {
  if (plan_.micro_batches() == 1 || is_local()) return;
  const auto small = static_cast<double>(plan_.micro_batch_size), big = static_cast<double>(plan_.batch_size);
  position_.noise_sum += (figures.small_gradient - figures.big_gradient) / (1 / small - 1 / big);
  position_.signal_sum += (big * figures.big_gradient - small * figures.small_gradient) / (big - small);
}

Json TrainingRun::noise_scale() const {
  if (plan_.micro_batches() == 1 || position_.signal_sum == 0) return nullptr;
  return position_.noise_sum / position_.signal_sum;
}

// An error names the newest checkpoint, so the one that is being written is waited for.
LastStep TrainingRun::last_step_taken() const {
  if (writer_) writer_->finish();  // a failure has been warned of
  const std::int64_t last = std::max<std::int64_t>(0, position_.step - 1);
  return {position_.step, schedule_.clock.epoch_of(last), learning_rate(schedule_, last), run_};
}

}  // namespace eoshard::train
