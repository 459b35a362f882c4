#include "libtrain/run_setup.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "libingest/core/file.hpp"
#include "libingest/mpi/root_text.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/checkpoint/safetensors.hpp"
#include "libtrain/gpu_arithmetic.hpp"
#include "libtrain/model/pretrained.hpp"
#include "libtrain/optim/flat_update.hpp"
#include "libtrain/sample_selection.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;

void check_fits(const OpenDataset& dataset, const TrainOptions& options) {
  if (!dataset.has("train")) {
    throw Error(ErrorKind::input,
                fmt::format("{}: the training split is empty{}", options.data,
                            options.nomenclature.empty()
                                ? ""
                                : fmt::format(" of the classes of --nomenclature {}", options.nomenclature)));
  }
  if (std::ranges::count(options.augment, "rotate90") > 0 && dataset.input.rows != dataset.input.columns) {
    throw Error(ErrorKind::usage, fmt::format("--augment rotate90 needs square images; these are {} x {}",
                                              dataset.input.rows, dataset.input.columns));
  }
}

ClassMapping map_own_classes(OpenDataset& dataset, const std::string& nomenclature) {
  ClassMapping mapping = map_classes(dataset.manifest.classes, nomenclature);
  dataset.classes = mapping.classes;
  return mapping;
}

// A split whose samples are all left out is as good as an empty one.
void open_split_of(OpenDataset& dataset, const TrainOptions& options, const std::string& split,
                   const ClassMapping& mapping, const KnownSplit& known) {
  auto reader = std::make_unique<SplitReader>(options.data, dataset.manifest, split, dataset.input, mapping,
                                              ReadRules{parse_cache_mode(options.cache), options.skip_damaged}, known);
  if (reader->samples() > 0) dataset.splits[split] = std::move(reader);
}

// What the root has read of a dataset for all ranks: labels are as many as samples, files as many as arrays.
struct KnownDataset {
  ingest::DatasetManifest manifest;
  std::map<std::string, KnownSplit> splits;
};

// With the labels of one split, or without a name of all.
KnownDataset read_dataset_at_root(const TrainOptions& options, const std::string& wanted, const Communicator& world) {
  KnownDataset known;
  const std::string manifest = read_at_root(world, [&] { return ingest::read_manifest_text(options.data); });
  world.agree([&] { known.manifest = ingest::parse_manifest(manifest); });
  if (known.manifest.classes.empty()) return known;
  for (const ingest::Split& split : known.manifest.splits) {
    if (split.samples == 0 || (!wanted.empty() && wanted != split.name)) continue;
    known.splits[split.name] = {
        read_at_root(world, [&] { return read_stored_labels(options.data, known.manifest, split.name); }),
        world.is_root() ? ingest::LayoutCheck::here : ingest::LayoutCheck::elsewhere};
  }
  return known;
}

OpenDataset open_dataset(const TrainOptions& options, const KnownDataset& known) {
  OpenDataset dataset;
  dataset.manifest = known.manifest;
  if (dataset.manifest.classes.empty()) {
    throw Error(ErrorKind::input, fmt::format("{}: the dataset was made without labels to learn from", options.data));
  }
  if (dataset.manifest.split("train").samples == 0) check_fits(dataset, options);
  dataset.input = make_input_spec(dataset.manifest, options.bands, {options.input, options.upsample});
  dataset.task = parse_task(dataset.manifest.task);
  const ClassMapping mapping = map_own_classes(dataset, options.nomenclature);
  for (const ingest::Split& split : dataset.manifest.splits) {
    if (split.samples > 0) open_split_of(dataset, options, split.name, mapping, known.splits.at(split.name));
  }
  check_fits(dataset, options);
  return dataset;
}

at::Device device_at(const TrainOptions& options, const NodePlace& place) {
  if (options.device == "cpu") return at::kCPU;
  if (!is_built_with_cuda()) {
    throw Error(ErrorKind::usage,
                "--device cuda: this program was built without CUDA; use --device cpu, or build with EOSHARD_CUDA=ON");
  }
  const at::DeviceIndex devices = torch::cuda::device_count();
  if (devices == 0) {
    throw Error(ErrorKind::usage,
                fmt::format("--device cuda: no GPU is to be seen here ({}); use --device cpu", why_no_gpu()));
  }
  return {at::kCUDA, static_cast<at::DeviceIndex>(place.rank % devices)};
}

// Of a TorchScript file; empty for a built-in network. Collective.
std::string read_script(const std::string& model, const Communicator& world) {
  return is_script_file(model) ? read_at_root(world, [&] { return read_text_file(model); }) : "";
}

NetworkOptions network_options(const std::string& model, std::string script, const std::string& stem, std::size_t bands,
                               std::size_t classes, std::int64_t rows, std::int64_t columns) {
  NetworkOptions wanted;
  wanted.name = model;
  wanted.script = std::move(script);
  wanted.bands = static_cast<std::int64_t>(bands);
  wanted.classes = static_cast<std::int64_t>(classes);
  wanted.rows = rows;
  wanted.columns = columns;
  wanted.has_small_stem = stem == "small";
  return wanted;
}

// `script` and `init`: the content of the files options.model and options.init.
std::unique_ptr<Network> initial_network(const TrainOptions& options, const OpenDataset& dataset, std::string script,
                                         const std::string& init, const Log& log) {
  NetworkOptions wanted = network_options(options.model, std::move(script), options.stem, dataset.input.bands.size(),
                                          dataset.classes.size(), dataset.input.rows, dataset.input.columns);
  wanted.dropout = options.dropout;
  wanted.stochastic_depth = options.stochastic_depth;
  std::unique_ptr<Network> network = make_network(wanted, options.seed);
  if (options.init.empty()) return network;
  const PretrainedRules rules{options.init_first_conv == "skip" ? FirstConvolution::skip : FirstConvolution::average,
                              options.init_head == "keep"};
  const std::vector<std::string> skipped = with_context(options.init, [&] {
    const TensorFile weights = parse_safetensors(std::as_bytes(std::span(init)));
    return load_pretrained(*network, weights.tensors, rules);
  });
  log.info(fmt::format("weights of {}, but for {}", options.init,
                       skipped.empty() ? "nothing" : fmt::format("{}", fmt::join(skipped, ", "))));
  return network;
}

void check_task(const ingest::DatasetManifest& manifest, const WeightsInfo& weights, const std::string& data) {
  if (manifest.task == weights.task) return;
  throw Error(ErrorKind::input,
              fmt::format("{} is a {} dataset, the weights are for a {} one", data, manifest.task, weights.task));
}

void check_classes(const std::vector<std::string>& classes, const WeightsInfo& weights, const std::string& data) {
  if (classes == weights.classes) return;
  const std::size_t shorter = std::min(classes.size(), weights.classes.size());
  for (std::size_t index = 0; index < shorter; ++index) {
    if (classes[index] == weights.classes[index]) continue;
    throw Error(ErrorKind::input,
                fmt::format("the classes of {} differ from the weights': class {} is '{}' there and '{}' here; "
                            "--nomenclature brings CORINE's classes to others",
                            data, index, weights.classes[index], classes[index]));
  }
  throw Error(ErrorKind::input,
              fmt::format("{} has {} classes, the weights are for {}", data, classes.size(), weights.classes.size()));
}

OpenDataset open_split(const TrainOptions& options, const std::string& split, const WeightsInfo& weights,
                       const KnownDataset& known) {
  OpenDataset dataset;
  dataset.manifest = known.manifest;
  check_task(dataset.manifest, weights, options.data);
  const bool is_given = !options.nomenclature.empty();
  const ClassMapping mapping = map_own_classes(dataset, is_given ? options.nomenclature : weights.nomenclature);
  check_classes(dataset.classes, weights, options.data);
  dataset.input = make_input_spec(dataset.manifest, weights.bands, {weights.input, weights.upsample});
  if (dataset.input.rows != weights.rows || dataset.input.columns != weights.columns) {
    throw Error(ErrorKind::input,
                fmt::format("images of {} are {} x {}, the weights are for {} x {}", options.data, dataset.input.rows,
                            dataset.input.columns, weights.rows, weights.columns));
  }
  for (std::size_t band = 0; band < weights.bands.size(); ++band) {
    dataset.input.bands[band].mean = weights.means[band];
    dataset.input.bands[band].standard_deviation = weights.standard_deviations[band];
  }
  dataset.task = parse_task(weights.task);
  if (dataset.manifest.split(split).samples == 0) {
    throw Error(ErrorKind::input, fmt::format("{}: the split {} is empty", options.data, split));
  }
  open_split_of(dataset, options, split, mapping, known.splits.at(split));
  if (!dataset.has(split)) {
    throw Error(ErrorKind::input, fmt::format("{}: no sample of the split {} carries one of the {} classes",
                                              options.data, split, dataset.classes.size()));
  }
  return dataset;
}

// As in other OpenMP programs, the variable says how many threads a process takes; 0 when it is not set.
int omp_num_threads() {
  const char* value = std::getenv("OMP_NUM_THREADS");
  return value != nullptr ? std::max(0, std::atoi(value)) : 0;
}

int smallest_share(const Communicator& world) {
  const int own = threads_per_rank(world);
  const std::vector<int> all = world.all_gather(std::span<const int>(&own, 1));
  return *std::ranges::min_element(all);
}

// What would go unheeded is refused.
void check_splits(const TrainOptions& options, const OpenDataset& dataset) {
  const auto refuse = [&](const char* option, const char* want) {
    throw Error(ErrorKind::usage, fmt::format("{} needs {}, which {} has not", option, want, options.data));
  };
  const bool is_swept = options.threshold_sweep != "none", has_validation = dataset.has("validation");
  if (options.early_stop_patience > 0 && !has_validation) refuse("--early-stop-patience", "a validation split");
  if (is_swept && !has_validation) refuse("--threshold-sweep", "a validation split");
  if (is_swept && dataset.task != Task::multi_label) refuse("--threshold-sweep", "several labels a sample");
}

}  // namespace

OpenDataset open_for_training(const TrainOptions& options, const Communicator& world) {
  const KnownDataset known = read_dataset_at_root(options, "", world);
  OpenDataset dataset;
  world.agree([&] {
    dataset = open_dataset(options, known);
    check_splits(options, dataset);
  });
  return dataset;
}

std::vector<std::int64_t> select_training_samples(const TrainOptions& options, const OpenDataset& dataset,
                                                  const Communicator& world) {
  const std::string bytes = read_at_root(world, [&] {
    const std::vector<std::int64_t> chosen = select_samples(options, dataset.split("train"));
    return std::string(reinterpret_cast<const char*>(chosen.data()), chosen.size() * sizeof chosen[0]);
  });
  std::vector<std::int64_t> samples(bytes.size() / sizeof(std::int64_t));
  std::memcpy(samples.data(), bytes.data(), bytes.size());
  return samples;
}

OpenDataset open_for_evaluation(const TrainOptions& options, const std::string& split, const WeightsInfo& weights,
                                const Communicator& world) {
  const KnownDataset known = read_dataset_at_root(options, split, world);
  OpenDataset dataset;
  world.agree([&] { dataset = open_split(options, split, weights, known); });
  return dataset;
}

at::Device choose_device(const TrainOptions& options, const Communicator& world) {
  const NodePlace place = world.node_place();
  at::Device device = at::kCPU;
  world.agree([&] { device = device_at(options, place); });
  if (device.is_cuda()) take_gpu(device);
  return device;
}

std::unique_ptr<Network> make_initial_network(const TrainOptions& options, const OpenDataset& dataset,
                                              const Communicator& world, const Log& log) {
  std::string script = read_script(options.model, world), init;
  if (!options.init.empty()) init = read_at_root(world, [&] { return read_text_file(options.init); });
  std::unique_ptr<Network> network;
  world.agree([&] { network = initial_network(options, dataset, std::move(script), init, log); });
  return network;
}

std::unique_ptr<Network> load_trained_network(const fs::path& run, const WeightsInfo& weights,
                                              const Communicator& world) {
  const fs::path path = run / kWeightsName;
  const std::string content = read_at_root(world, [&] { return read_text_file(path); });
  const std::string model = is_script_file(weights.model) ? (run / weights.model).string() : weights.model;
  std::string script = read_script(model, world);
  std::unique_ptr<Network> network;
  world.agree([&] {
    network = make_network(network_options(model, std::move(script), weights.stem, weights.bands.size(),
                                           weights.classes.size(), weights.rows, weights.columns),
                           0);
    PretrainedRules rules;
    rules.is_head_kept = true;
    with_context(path.string(), [&] {
      load_pretrained(*network, parse_safetensors(std::as_bytes(std::span(content))).tensors, rules);
    });
  });
  return network;
}

void check_local_steps(const TrainOptions& options, const Communicator& world) {
  world.agree([&] {
    for (const std::int64_t epoch :
         switching_epochs({options.batch_size, options.micro_batch_size, options.local_steps})) {
      const std::int64_t batch = options.batch_size.at(epoch), micro_batch = options.micro_batch_size.at(epoch);
      if (options.local_steps.at(epoch) == 1 || batch / micro_batch % world.size() == 0) continue;
      throw Error(
          ErrorKind::usage,
          fmt::format("--local-steps wants as many micro-batches on every rank, but in epoch {} a step has {} on "
                      "{} ranks; choose --batch-size a multiple of --micro-batch-size {} times the ranks",
                      epoch + 1, batch / micro_batch, world.size(), micro_batch));
    }
  });
}

TrainOptions keep_threads(TrainOptions options, const Communicator& world, const Log& log) {
  const std::string recorded = read_at_root(world, [&] {
    if (inspect_run(options.out) != RunState::unfinished) return std::string();
    return std::to_string(read_configuration(options.out).options.threads);
  });
  if (recorded.empty()) return options;
  const std::int64_t threads = std::stoll(recorded);
  if (options.threads == 0) {
    options.threads = threads;
  } else if (options.threads != threads && world.is_root()) {
    log.warning(
        fmt::format("{} began with {} threads a rank and goes on with {}: its weights will differ in the last bits "
                    "from those of an uninterrupted run",
                    options.out, threads, options.threads));
  }
  return options;
}

void check_agreement(const TrainOptions& options, const Communicator& world) {
  const std::string manifest = read_at_root(world, [&] { return ingest::read_manifest_text(options.data); });
  const std::string there = world.broadcast(options_to_json(options)), data_there = world.broadcast(options.data);
  // Another path, or the same one on another node, may be another dataset; one rank a node looks.
  const bool speaks_for_node = world.node_place().rank == 0 && !world.is_root();
  const bool may_differ = speaks_for_node || options.data != data_there;
  world.agree([&] {
    TrainOptions options_there = options_from_json(there);
    options_there.data = options.data;
    options_there.loader_threads = options.loader_threads;  // as many as the node has cores for
    const std::string difference = first_other_field(options_there, options);
    const bool is_other = may_differ && ingest::read_manifest_text(options.data) != manifest;
    const std::string what = !difference.empty() ? difference : is_other ? options.data : "";
    if (what.empty()) return;
    throw Error(
        ErrorKind::usage,
        fmt::format("rank {} was given {} than rank 0: {}; start all ranks with one command line and one dataset",
                    world.rank(), difference.empty() ? "another dataset" : "other options", what));
  });
}

UpdateRules update_rules(const TrainOptions& options) {
  UpdateRules rules;
  rules.options.rule = parse_update_rule(options.optimizer);
  rules.options.momentum = options.momentum;
  rules.options.nesterov = options.nesterov;
  rules.options.beta1 = options.beta1;
  rules.options.beta2 = options.beta2;
  rules.options.epsilon = options.epsilon;
  rules.options.trust = options.lars_trust;
  rules.options.is_rate_inside = options.optimizer == "lars" && options.lars_rate == "inside";
  rules.options.clip_norm = options.clip_gradient_norm;
  rules.options.ema_decay = options.ema_decay;
  rules.weight_decay = options.weight_decay;
  rules.is_linear_decayed = options.weight_decay_on == "conv+linear";
  rules.bucket_bytes = static_cast<std::int64_t>(options.bucket_mb * (1 << 20));
  rules.is_backbone_frozen = options.freeze == "backbone";
  return rules;
}

LossOptions loss_options(const TrainOptions& options, const OpenDataset& dataset, at::Device device) {
  LossOptions loss{dataset.task, options.label_smoothing, {}};
  if (options.class_weights == "balanced") {
    const SplitReader& split = dataset.split("train");
    const std::vector<float> weights =
        balanced_weights(dataset.task, split.count_classes(), static_cast<std::uint64_t>(split.samples()));
    loss.class_weights = at::tensor(weights).to(device);
  }
  return loss;
}

StepOptions step_options(const TrainOptions& options, const OpenDataset& dataset, at::Device device) {
  StepOptions step;
  step.loss = loss_options(options, dataset, device);
  step.mixup_alpha = options.mixup_alpha;
  step.seed = options.seed;
  step.reduction = options.reduction == "fast" ? Reduction::fast : Reduction::exact;
  step.wire = options.wire == "bf16" ? WireFormat::bf16 : WireFormat::fp32;
  step.is_graphed = options.step == "graphed";
  return step;
}

Precision parse_precision(const std::string& name) {
  if (name == "bf16") return Precision::bf16;
  return name == "fp16" ? Precision::fp16 : Precision::fp32;
}

// Threads are part of what is recorded: the convolutions' sums depend on their number, so every rank takes as many.
TrainOptions settle_options(TrainOptions options, const Communicator& world) {
  world.agree([&] { options = resolve_options(options); });
  const auto settle_path = [](std::string& path) { path = fs::absolute(path).lexically_normal().string(); };
  settle_path(options.data);
  if (is_script_file(options.model)) settle_path(options.model);
  if (!options.init.empty()) settle_path(options.init);
  const int cores = smallest_share(world);
  if (options.threads == 0) options.threads = omp_num_threads() > 0 ? omp_num_threads() : cores;
  // Beside a GPU loading is what cores are for, whatever OMP_NUM_THREADS says: torchrun sets it to 1.
  if (options.loader_threads == 0) options.loader_threads = options.device == "cpu" ? 1 : std::max(1, cores - 1);
  at::set_num_threads(static_cast<int>(options.threads));
  choose_gpu_arithmetic(options);
  return options;
}

}  // namespace eoshard::train
