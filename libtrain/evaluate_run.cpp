#include "libtrain/evaluate_run.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libingest/mpi/root_text.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/data/sample_table.hpp"
#include "libtrain/evaluation.hpp"
#include "libtrain/npy_file.hpp"
#include "libtrain/predictions.hpp"
#include "libtrain/run_setup.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kDefaultEvaluationBatch = 32;

WeightsInfo read_info_together(const EvaluateRequest& request, const Communicator& world) {
  return parse_weights_info(read_at_root(world, [&] {
    check_predictions_path(request.predictions);
    check_folder_of(request.embeddings);
    return weights_info_text(read_weights_info(request.run));
  }));
}

Json describe(const EvaluateRequest& request, const TrainOptions& options, const WeightsInfo& info,
              const SplitReader& split, const EvaluationResult& result) {
  Json json = {{"split", request.split}, {"samples", result.table.samples()}, {"loss", result.loss}};
  json.update(score_details(result.table, kDefaultThresholds, info.classes));
  json["images_per_second"] = result.images_per_second;
  json["epoch"] = info.epoch;
  json["chosen_by"] = info.chosen_by;
  json["weights"] = (request.run / kWeightsName).string();
  json["data"] = options.data;
  if (options.skip_damaged) json["damaged"] = split.samples() - static_cast<std::int64_t>(result.samples.size());
  if (!options.score_by.empty()) {
    json["by"][options.score_by] =
        scores_by_group(result.table, kDefaultThresholds, info.classes,
                        read_sample_column(options.data, split, options.score_by, result.samples));
  }
  if (!request.predictions.empty()) {
    write_predictions(request.predictions, split, result.samples, result.table, kDefaultThresholds, info.classes,
                      read_sample_column(options.data, split, "patch_id", result.samples));
  }
  return json;
}

}  // namespace

std::string evaluate_run(const EvaluateRequest& request, const TrainOptions& wanted, const TrainSetting& setting) {
  const Communicator& world = setting.world;
  const TrainOptions options = settle_options(wanted, world);
  check_agreement(options, world);
  const WeightsInfo info = read_info_together(request, world);
  const OpenDataset dataset = open_for_evaluation(options, request.split, info, world);
  const at::Device device = choose_device(options, world);
  TrainingState state(load_trained_network(request.run, info, world), device, {});  // laid out as in training
  state.begin_evaluation();
  const ForwardPass pass{state.network(), dataset.input, dataset.task, device, parse_precision(options.precision)};
  const SplitReader& split = dataset.split(request.split);
  const std::int64_t samples = split.samples();
  const EvaluationOptions evaluation{kDefaultEvaluationBatch, static_cast<int>(options.loader_threads), {}};
  std::vector<float> embeddings;
  if (!request.embeddings.empty()) {
    embeddings = collect_embeddings(pass, split, evaluation, world);
  }
  const EvaluationResult result = *evaluate(pass, split, evaluation, world, [&](std::int64_t done) {
    setting.show_progress({request.split, static_cast<std::uint64_t>(std::min(samples, done * world.size())),
                           static_cast<std::uint64_t>(samples), "images", ""});
  });
  std::string text;
  world.agree([&] {
    if (!std::isfinite(result.loss)) {
      throw Error(ErrorKind::input, fmt::format("{}: its weights give a loss of {} on {} of {}", request.run.string(),
                                                result.loss, request.split, options.data));
    }
    if (!world.is_root()) return;
    text = describe(request, options, info, split, result).dump();
    if (!embeddings.empty()) {
      write_npy(request.embeddings, embeddings, static_cast<std::int64_t>(embeddings.size() / result.samples.size()));
    }
  });
  return text;
}

}  // namespace eoshard::train
