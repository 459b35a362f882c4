// A training run under way: what it is made of, and the parts that the trainer calls in order. They lie in
// training_run.cpp (set-up, restart, checkpoints), training_epoch.cpp (steps) and training_scores.cpp (evaluation and
// the end).
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "libtrain/checkpoint/checkpoint.hpp"
#include "libtrain/checkpoint/checkpoint_writer.hpp"
#include "libtrain/evaluation.hpp"
#include "libtrain/optim/schedule.hpp"
#include "libtrain/run_health.hpp"
#include "libtrain/run_setup.hpp"
#include "libtrain/train_step.hpp"
#include "libtrain/trainer.hpp"

namespace eoshard::train {

// Steps whose figures are not the same on every rank yet. With one step between synchronisations they are at once.
struct UnsettledSteps {
  double loss_sum = 0;
  std::int64_t steps = 0;
  bool is_stop_wanted = false;
};

class TrainingRun {
 public:
  /// What is there is opened and built; nothing is written. Collective, as everything here. Everything is borrowed.
  TrainingRun(const TrainOptions& options, const TrainSetting& setting);

  /// Makes the run's folder, or goes on from its newest checkpoint.
  void restore();
  bool is_done() const;
  /// Steps to the end of the epoch that is under way; false when stopped on request, and saved.
  bool train_epoch();
  /// Ends the epoch: scores it on validation and keeps the weights when they are the best so far; false when stopped on
  /// request, and saved as the epoch was before that.
  bool evaluate_epoch();
  /// Begins to save what the next step depends on, and the best weights where they are new; a failure is warned of.
  void save();
  /// Scores the last and the best weights, writes the best and result.json; returns what that holds, and nothing when
  /// stopped on request: all is to be scored again.
  std::optional<std::string> finish();

 private:
  std::vector<BatchRequest> wanted_batches() const;
  void take_step(BatchFeed& feed, const BatchLoader& loader, std::chrono::steady_clock::time_point start,
                 std::int64_t first_step);
  void trace_step();
  void show_step(double loss, double images_per_second, double input_wait_share) const;
  void settle_steps();
  void follow_loss_scale(bool has_overflow);
  void synchronise();
  bool is_synchronisation_due() const;
  void add_noise(const StepFigures& figures);
  nlohmann::ordered_json noise_scale() const;
  LastStep last_step_taken() const;
  std::optional<EvaluationResult> evaluate_split(const std::string& split, std::int64_t epoch,
                                                 const char* weights = nullptr);
  std::optional<std::string> score_weights();
  nlohmann::ordered_json at_better_thresholds(const ScoreTable& table, const ScoreTable& validation) const;
  nlohmann::ordered_json by_column(const std::string& split, const EvaluationResult& result) const;
  void note_best(double f1_micro);
  bool is_checkpoint_due() const;
  void save_and_wait();
  void finish_saving();
  void note_damage();
  void tell_damage(const std::string& split, const std::map<std::int64_t, std::string>& damaged);
  std::int64_t load_best_weights();
  void write_weights(const std::string& chosen_by, std::int64_t epoch);
  void on_root(const std::function<void()>& work) const;
  void write_line(const nlohmann::ordered_json& line);
  void show_evaluation(const std::string& split, std::int64_t done, std::int64_t samples) const;
  void begin_phase();
  void tell_rest() const;
  void tell_small_passes() const;
  void tell_local_steps() const;
  void tell_left_out() const;
  Range own_share() const { return rank_share(plan_.micro_batches(), world_.rank(), world_.size()); }
  bool is_local() const { return local_steps_ > 1 && world_.size() > 1; }
  std::int64_t sample_count() const { return static_cast<std::int64_t>(samples_.size()); }

  const TrainOptions& options_;
  const TrainSetting& setting_;
  const Communicator& world_;
  std::filesystem::path run_;
  OpenDataset dataset_;
  std::vector<std::int64_t> samples_;  // of the training split, that are learnt from
  Schedule schedule_;
  std::int64_t last_step_;
  StepPlan plan_;                 // of the epoch that is under way
  std::int64_t local_steps_ = 1;  // in it
  at::Device device_;
  std::unique_ptr<Collective> collective_, solo_;
  TrainingState state_;
  ForwardPass pass_;
  std::unique_ptr<BatchPlacer> placer_;
  std::unique_ptr<TrainStep> step_;
  TrainingPosition position_;
  UnsettledSteps unsettled_;
  bool is_stop_wanted_ = false;
  bool is_traced_;                            // here: on the root, where it is wanted
  double communication_wait_s_ = 0;           // in this epoch, for what the steps could not hide
  std::unique_ptr<CheckpointWriter> writer_;  // of the root
  std::optional<Checkpoint> new_best_;        // of the root: not handed to the writer yet
  std::int64_t saved_step_ = 0;
  std::vector<std::string> unwritten_lines_;                    // of the root, for metrics.jsonl
  std::set<std::pair<std::string, std::int64_t>> told_damage_;  // split and sample
  std::chrono::steady_clock::time_point run_start_ = std::chrono::steady_clock::now();
  std::int64_t images_wanted_ = 0, images_taken_ = 0;  // by this process, from where it began
};

}  // namespace eoshard::train
