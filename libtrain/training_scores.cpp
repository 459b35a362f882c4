// Evaluation at the end of an epoch, and of the run.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/checkpoint/safetensors.hpp"
#include "libtrain/data/sample_table.hpp"
#include "libtrain/metrics/thresholds.hpp"
#include "libtrain/score_report.hpp"
#include "libtrain/training_run.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json fields_of(const EvaluationResult& result, const std::vector<std::string>& classes) {
  Json fields = {{"loss", result.loss}};
  fields.update(score_details(result.table, kDefaultThresholds, classes));
  fields["images_per_second"] = result.images_per_second;
  return fields;
}

}  // namespace

std::optional<EvaluationResult> TrainingRun::evaluate_split(const std::string& split, std::int64_t epoch,
                                                            const char* weights) {
  state_.begin_evaluation();
  const std::int64_t samples = dataset_.split(split).samples();
  EvaluationOptions options;
  options.micro_batch_size = options_.micro_batch_size.at(0);
  options.loader_threads = static_cast<int>(options_.loader_threads);
  // An evaluation that every start had to break off would keep the run from ever going on.
  if (images_taken_ > 0) options.is_stop_requested = setting_.is_stop_requested;
  const std::int64_t ranks = world_.size();
  std::optional<EvaluationResult> evaluated =
      evaluate(pass_, dataset_.split(split), options, world_,
               [&](std::int64_t done) { show_evaluation(split, std::min(samples, done * ranks), samples); });
  if (!evaluated) return std::nullopt;
  const EvaluationResult& result = *evaluated;
  if (!std::isfinite(result.loss))
    diverged(fmt::format("the loss on {} became {}", split, std::abs(result.loss)), last_step_taken());
  Json line = {{"epoch", epoch}, {"split", split}, {"step", position_.step}};
  if (weights != nullptr) line["weights"] = weights;
  line["loss"] = result.loss;
  line.update(score_summary(result.table, kDefaultThresholds));
  line["images_per_second"] = result.images_per_second;
  line["learning_rate"] = learning_rate(schedule_, std::max<std::int64_t>(0, position_.step - 1));
  tell_damage(split, result.damaged);
  if (options_.skip_damaged) line["damaged"] = result.damaged.size();
  write_line(line);
  return evaluated;
}

bool TrainingRun::evaluate_epoch() {
  const std::int64_t epoch = position_.epoch + 1;
  std::optional<EvaluationResult> result;
  if (dataset_.has("validation")) {
    result = evaluate_split("validation", epoch);
    if (!result) {
      save_and_wait();
      return false;
    }
  }
  position_.epoch = epoch;
  position_.step_in_epoch = 0;
  position_.loss_sum = position_.noise_sum = position_.signal_sum = 0;
  if (result) note_best(score(count_scores(result->table, kDefaultThresholds)).micro.f1);
  return true;
}

void TrainingRun::note_best(double f1_micro) {
  if (f1_micro <= position_.best_f1_micro) return;
  position_.best_f1_micro = f1_micro;
  position_.best_epoch = position_.epoch;
  if (world_.is_root()) new_best_ = take_snapshot(position_, state_.model_tensors(position_.step));
}

void TrainingRun::show_evaluation(const std::string& split, std::int64_t done, std::int64_t samples) const {
  setting_.show_progress({split, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(samples), "images", ""});
}

// Takes the best weights; returns their epoch, or 0 where there are none of that epoch: the last ones stay.
std::int64_t TrainingRun::load_best_weights() {
  std::int64_t epoch = 0;
  on_root([&] {
    try {
      const Checkpoint best = writer_->best();
      if (best.position.best_epoch != position_.best_epoch) {
        throw Error(ErrorKind::input, fmt::format("epoch {} was the best, and {} holds epoch {}", position_.best_epoch,
                                                  (run_ / kBestName).string(), best.position.best_epoch));
      }
      state_.load_model(best.tensors);
      epoch = best.position.best_epoch;
    } catch (const Error& error) {
      setting_.log.warning(fmt::format("the best weights are lost, the last ones take their place: {}", error.what()));
    }
  });
  epoch = std::stoll(world_.broadcast(std::to_string(epoch)));
  if (epoch > 0) state_.broadcast(*collective_);
  return epoch;
}

void TrainingRun::write_weights(const std::string& chosen_by, std::int64_t epoch) {
  WeightsInfo info;
  info.model = is_script_file(options_.model) ? kScriptName : options_.model;
  info.stem = options_.stem;
  info.task = dataset_.manifest.task;
  info.bands = band_names(dataset_.input);
  info.input = options_.input;
  info.upsample = options_.upsample;
  info.classes = dataset_.classes;
  info.nomenclature = options_.nomenclature;
  for (const InputBand& band : dataset_.input.bands) {
    info.means.push_back(band.mean);
    info.standard_deviations.push_back(band.standard_deviation);
  }
  info.rows = dataset_.input.rows;
  info.columns = dataset_.input.columns;
  info.epoch = epoch;
  info.chosen_by = chosen_by;
  on_root([&] {
    if (is_script_file(options_.model)) {
      fs::copy_file(options_.model, run_ / kScriptName, fs::copy_options::overwrite_existing);
    }
    save_safetensors(run_ / kWeightsName, {state_.model_tensors(position_.step), {{"format", "pt"}}});
    write_file(run_ / kWeightsInfoName, weights_info_text(info), Durability::fsync);
  });
}

// Scores at the thresholds that suit the same weights on validation.
Json TrainingRun::at_better_thresholds(const ScoreTable& table, const ScoreTable& validation) const {
  const std::vector<float> thresholds =
      find_thresholds(validation.scores, validation.labels, validation.classes, options_.threshold_sweep == "class");
  Json fields = {{"thresholds", threshold_values(thresholds)}};
  fields.update(score_details(table, thresholds, dataset_.classes));
  return fields;
}

Json TrainingRun::by_column(const std::string& split, const EvaluationResult& result) const {
  if (options_.score_by.empty()) return nullptr;
  const std::vector<std::string> groups =
      read_sample_column(options_.data, dataset_.split(split), options_.score_by, result.samples);
  return {{options_.score_by, scores_by_group(result.table, kDefaultThresholds, dataset_.classes, groups)}};
}

std::optional<std::string> TrainingRun::finish() {
  std::optional<std::string> result = score_weights();
  if (!result) finish_saving();
  return result;
}

// Scores the last and the best weights by validation on test, and writes the best (the last without validation).
std::optional<std::string> TrainingRun::score_weights() {
  const std::string split = dataset_.has("test") ? "test" : dataset_.has("validation") ? "validation" : "train";
  const std::optional<EvaluationResult> last = evaluate_split(split, position_.epoch, "last");
  if (!last) return std::nullopt;
  on_root([&] { writer_->finish(); });  // a failure has been warned of
  const std::int64_t best_epoch = position_.best_epoch > 0 ? load_best_weights() : 0;
  const bool has_best = best_epoch > 0;
  const std::string chosen_by = has_best                   ? "best f1_micro on validation"
                                : position_.best_epoch > 0 ? "last (the best weights are lost)"
                                                           : "last (no validation split)";
  const std::int64_t epoch = has_best ? best_epoch : position_.epoch;
  write_weights(chosen_by, epoch);
  const std::optional<EvaluationResult> best = has_best ? evaluate_split(split, epoch, "best") : last;
  if (!best) return std::nullopt;
  Json swept;
  if (options_.threshold_sweep != "none") {
    const std::optional<EvaluationResult> validation = evaluate_split("validation", position_.epoch, "final");
    if (!validation) return std::nullopt;
    swept = at_better_thresholds(best->table, validation->table);
  }
  std::string text;
  on_root([&] {
    Json json = {{"epoch", epoch}, {"split", split}, {"samples", best->table.samples()}};
    json.update(fields_of(*best, dataset_.classes));
    json["steps"] = position_.step;
    if (options_.skip_damaged) {
      json["damaged"] = {{"train", position_.damaged.size()}};
      json["damaged"][split] = best->damaged.size();
    }
    json["ranks"] = world_.size();
    json["chosen_by"] = chosen_by;
    json["weights"] = (run_ / kWeightsName).string();
    json["at_better_thresholds"] = swept;
    json["by"] = by_column(split, *best);
    json["last"] = {{"epoch", position_.epoch}};
    json["last"].update(fields_of(*last, dataset_.classes));
    write_file(run_ / kResultName, json.dump(2) + "\n", Durability::fsync);
    text = json.dump();
  });
  return text;
}

}  // namespace eoshard::train
