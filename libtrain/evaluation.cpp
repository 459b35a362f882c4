#include "libtrain/evaluation.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <numeric>

#include "libingest/core/error.hpp"
#include "libingest/mpi/rank_watch.hpp"
#include "libtrain/batch_feed.hpp"
#include "libtrain/batch_placer.hpp"
#include "libtrain/core/rank_share.hpp"
#include "libtrain/damage_report.hpp"
#include "libtrain/data/micro_batch_plan.hpp"

namespace eoshard::train {
namespace {

std::vector<BatchRequest> make_requests(const EvaluationPlan& plan, Range share) {
  std::vector<BatchRequest> requests;
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    const Range positions = plan.positions(micro_batch);
    BatchRequest request;
    for (std::int64_t sample = positions.first; sample < positions.last; ++sample) request.push_back({sample, {}});
    requests.push_back(std::move(request));
  }
  return requests;
}

BatchLoader::Options loader_options(const EvaluationOptions& options, const BatchPlacer& placer) {
  return {options.loader_threads, 3, DamagedPlace::zeros, placer.memory()};
}

void append_values(std::vector<float>& to, const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU).contiguous();
  const float* first = values.const_data_ptr<float>();
  to.insert(to.end(), first, first + values.numel());
}

std::vector<std::uint8_t> labels_of(const SplitReader& split, const std::vector<std::int64_t>& samples) {
  std::vector<std::uint8_t> labels;
  for (const std::int64_t sample : samples) {
    const std::span<const std::uint8_t> row = split.labels(sample);
    labels.insert(labels.end(), row.begin(), row.end());
  }
  return labels;
}

// Rows of the batch's whole samples. Nothing is copied where all are.
at::Tensor whole_rows(const at::Tensor& rows, const Batch& batch) {
  std::vector<std::int64_t> kept;
  for (std::size_t place = 0; place < batch.samples.size(); ++place) {
    if (batch.samples[place].is_whole) kept.push_back(static_cast<std::int64_t>(place));
  }
  if (kept.size() == batch.samples.size()) return rows;
  return rows.index_select(0, at::tensor(kept, at::TensorOptions(at::kLong)).to(rows.device()));
}

}  // namespace

std::optional<EvaluationResult> evaluate(const ForwardPass& pass, const SplitReader& split,
                                         const EvaluationOptions& options, const Communicator& world,
                                         const std::function<void(std::int64_t)>& report_samples) {
  const at::NoGradGuard no_gradients;
  const auto start = std::chrono::steady_clock::now();
  const EvaluationPlan plan{split.samples(), options.micro_batch_size};
  const Range share = rank_share(plan.micro_batches(), world.rank(), world.size());
  const std::unique_ptr<BatchPlacer> placer = make_batch_placer(pass, split, {});
  BatchLoader loader(split, placer->maker(), make_requests(plan, share), loader_options(options, *placer));
  BatchFeed feed(loader, *placer);
  const LossOptions loss_options{pass.task, 0, {}};
  std::vector<double> losses;  // summed over each micro-batch
  std::vector<float> own;
  std::uint64_t stopped_ranks = 0;
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    if (options.is_stop_requested && options.is_stop_requested()) {
      stopped_ranks = 1;
      break;
    }
    const Batch batch = feed.next();
    const DeviceBatch placed = placer->place(batch, std::nullopt);
    const at::Tensor logits = whole_rows(run_forward(pass, placed), batch);
    const at::Tensor targets = whole_rows(placed.targets, batch);
    feed.fetch_ahead();
    if (logits.size(0) > 0) {
      losses.push_back(mean_loss(loss_options, logits, targets).item<double>() * static_cast<double>(logits.size(0)));
      append_values(own, scores(pass.task, logits));
    }
    report_samples(plan.positions(micro_batch).last - plan.positions(share.first).first);
  }
  world.sum(std::span(&stopped_ranks, 1));  // ranks meet here only: nothing makes them wait for each other before
  if (stopped_ranks > 0) return std::nullopt;
  EvaluationResult result;
  result.damaged = gather_damaged(split, world);
  result.samples = whole_samples(split.samples(), result.damaged);
  if (result.samples.empty()) {
    throw Error(ErrorKind::input,
                fmt::format("every sample of {} is damaged: {}", split.name(), result.damaged.begin()->second))
        .mark_agreed();
  }
  result.table = {pass.task == Task::multi_label, split.classes(), world.all_gather(std::span<const float>(own)),
                  labels_of(split, result.samples)};
  const std::vector<double> all = world.all_gather(std::span<const double>(losses));
  const auto samples = static_cast<double>(result.samples.size());
  result.loss = std::accumulate(all.begin(), all.end(), 0.0) / samples;
  result.images_per_second = samples / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::vector<float> collect_embeddings(const ForwardPass& pass, const SplitReader& split,
                                      const EvaluationOptions& options, const Communicator& world) {
  const at::NoGradGuard no_gradients;
  const EvaluationPlan plan{split.samples(), options.micro_batch_size};
  const Range share = rank_share(plan.micro_batches(), world.rank(), world.size());
  std::vector<float> own;
  world.agree([&] {
    const std::unique_ptr<BatchPlacer> placer = make_batch_placer(pass, split, {});
    BatchLoader loader(split, placer->maker(), make_requests(plan, share), loader_options(options, *placer));
    BatchFeed feed(loader, *placer);
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      const Batch batch = feed.next();
      const at::Tensor features = whole_rows(run_embed(pass, placer->place(batch, std::nullopt)), batch);
      feed.fetch_ahead();
      append_values(own, features.to(at::kFloat));
      RankWatch::note_progress();
    }
  });
  return world.all_gather(std::span<const float>(own));
}

}  // namespace eoshard::train
