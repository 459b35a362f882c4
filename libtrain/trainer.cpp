#include "libtrain/trainer.hpp"

#include "libtrain/run_schedule.hpp"
#include "libtrain/run_setup.hpp"
#include "libtrain/training_run.hpp"

namespace eoshard::train {

std::string describe_schedule(const TrainOptions& wanted, const Communicator& world) {
  const TrainOptions options = settle_options(wanted, world);
  const OpenDataset dataset = open_for_training(options, world);
  return schedule_table(options, static_cast<std::int64_t>(select_training_samples(options, dataset, world).size()));
}

TrainOutcome train(const TrainOptions& wanted, const TrainSetting& setting) {
  const bool is_new = setting.rules.is_overwritten;
  const TrainOptions options =
      settle_options(is_new ? wanted : keep_threads(wanted, setting.world, setting.log), setting.world);
  check_agreement(options, setting.world);
  check_local_steps(options, setting.world);
  TrainingRun run(options, setting);
  run.restore();
  while (!run.is_done()) {
    if (!run.train_epoch() || !run.evaluate_epoch()) return {};
    run.save();
  }
  const std::optional<std::string> result = run.finish();
  return {result.has_value(), result.value_or("")};
}

}  // namespace eoshard::train
