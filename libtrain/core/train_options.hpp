// What a training run is asked to do: options as one plain struct, and its form in a run's config.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libtrain/core/epoch_values.hpp"

namespace eoshard::train {

/// Field names are the names of the command-line options. Zero in a `0 = automatic` field is resolved before the run
/// starts, so that config.json holds what was used.
struct TrainOptions {
  std::string data;                         ///< dataset folder
  std::string out;                          ///< run folder
  std::string model = "resnet18";           ///< resnet18, resnet50, efficientnet_b0, or a TorchScript file (.pt)
  std::vector<std::string> bands;           ///< input bands in this order; empty = all, in cube order
  std::string input = "native";             ///< native grids, or super: the bands that the ingest upsampled
  std::string upsample = "bilinear";        ///< of coarser native grids: nearest, bilinear or bicubic
  std::vector<std::string> where;           ///< column=value in samples.csv: train on those samples alone
  double subset_fraction = 1;               ///< of the training split, chosen by the seed
  std::string nomenclature;                 ///< classes to bring a CORINE dataset's own to; empty = as stored
  double dropout = -1;                      ///< before the last layer; -1 = the model's own
  double stochastic_depth = -1;             ///< of the deepest residual branch; -1 = the model's own
  std::string stem = "standard";            ///< standard, or small for images of about 28 × 28
  std::string init;                         ///< safetensors file with weights to begin with; empty = fresh ones
  std::string init_first_conv = "average";  ///< average or skip, where `init` has other bands
  std::string init_head = "skip";           ///< skip or keep the last layer of `init`
  std::string freeze = "none";              ///< none, or backbone: all but the last layer
  std::int64_t epochs = 1;
  EpochValues batch_size = 32;       ///< samples a step, over all ranks
  EpochValues micro_batch_size = 0;  ///< samples a forward pass; 0 = largest divisor of batch_size up to 32
  EpochValues local_steps = 1;       ///< steps that a rank takes by itself between averages over ranks; 1 = none
  std::int64_t max_steps = 0;        ///< ends training after this many steps in all; 0 = no limit
  std::string optimizer = "sgd";     ///< sgd, lars, lamb, novograd, adamw
  double learning_rate = 0.1;
  std::string scale_learning_rate = "none";  ///< by batch_size / reference_batch_size: none, linear, sqrt
  std::int64_t reference_batch_size = 256;
  bool rescale_at_switch = false;  ///< scale anew where batch_size changes
  double momentum = 0.9;           ///< sgd, lars
  bool nesterov = true;            ///< sgd, lars
  double beta1 = 0;                ///< lamb, novograd, adamw; 0 = the optimizer's own
  double beta2 = 0;                ///< the same
  double epsilon = 0;              ///< the same, and lars
  double lars_trust = 0.001;
  std::string lars_rate = "outside";  ///< of the momentum: outside or inside
  double weight_decay = 1e-4;
  std::string weight_decay_on = "conv+linear";  ///< conv or conv+linear; never biases and batch-norm parameters
  double clip_gradient_norm = -1;               ///< 0 = none; -1 = the optimizer's own: 1 for lamb, else none
  double ema_decay = 0;                         ///< of averaged weights that are evaluated and saved; 0 = none
  double warmup_epochs = 1;
  bool scale_warmup = false;         ///< warmup_epochs times batch_size / reference_batch_size
  double warmup_start_factor = 0.1;  ///< first rate / learning_rate
  std::string schedule = "multistep";
  std::vector<double> milestones = {30, 60, 80};  ///< in epochs
  double gamma = 0.1;
  double power = 2;            ///< of the polynomial schedule
  double end_rate_factor = 0;  ///< last rate / learning_rate of the polynomial and cosine schedules
  std::vector<std::string> augment = {"flip", "rotate90"};
  std::string shuffle = "global";    ///< global, or blocks of neighbouring samples
  std::int64_t shuffle_block = 64;   ///< samples a block
  std::int64_t shuffle_window = 32;  ///< blocks whose samples are shuffled together
  double mixup_alpha = 0;            ///< of the Beta distribution of shares; 0 = no mix-up
  double label_smoothing = 0;
  std::string class_weights = "none";    ///< none or balanced
  std::int64_t early_stop_patience = 0;  ///< epochs without a better f1_micro on validation; 0 = never stop
  std::string threshold_sweep = "none";  ///< none, global or class: scores at thresholds found on validation too
  std::string score_by;                  ///< column of samples.csv to score by as well; empty = none
  std::string precision = "fp32";        ///< fp32, bf16 or fp16
  std::string device = "cpu";            ///< cpu or cuda
  bool tf32 = false;                     ///< GPUs: float32 convolutions and products in TF32
  bool deterministic = false;            ///< GPUs: the same bits in every run, at some cost; CPUs have them anyway
  std::string step = "eager";            ///< operator by operator, or graphed: captured once and replayed (GPUs)
  std::string reduction = "auto";        ///< of gradients: exact or fast; auto = exact on CPUs with fp32 on the wire
  std::string wire = "fp32";             ///< what ranks send each other gradients in: fp32 or bf16
  double bucket_mb = 25;                 ///< MiB of gradients that are communicated at once
  std::uint64_t seed = 0;
  std::int64_t threads = 0;         ///< compute threads a rank; 0 = this rank's share of its cores
  std::int64_t loader_threads = 0;  ///< 0 = automatic
  std::string cache = "none";       ///< samples kept in memory: none, compressed, decoded or device
  bool skip_damaged = false;        ///< another sample in place of one whose checksum is wrong, instead of an error
  std::int64_t keep_checkpoints = 2;
  std::int64_t checkpoint_every_steps = 0;  ///< besides every epoch; 0 = at epochs alone

  bool operator==(const TrainOptions&) const = default;
};

/// Whether a model's name is that of a TorchScript file.
bool is_script_file(const std::string& model);

inline constexpr std::int64_t kLargestDefaultMicroBatch = 32;

/// Names of all fields, in the order of config.json.
std::vector<std::string> option_names();

/// JSON object text with one key a field. `options_from_json` is its inverse.
std::string options_to_json(const TrainOptions& options);

/// Keys that are absent keep their defaults. @throws Error{input} for an unknown key or a value of the wrong type.
TrainOptions options_from_json(const std::string& text);

/// `base` with the fields `names` taken from `changes`: flags that win over a configuration.
TrainOptions overlay_options(const TrainOptions& base, const TrainOptions& changes,
                             const std::vector<std::string>& names);

/// Fills in what is automatic but for threads. The rank count has no part in it: it may not change what is computed.
/// @throws Error{usage} for values that make no sense together.
TrainOptions resolve_options(TrainOptions options);

/// Fields that decide what is computed, as JSON: all but folders, threads and what is kept. Two runs with the same
/// text (and dataset) are the same experiment.
std::string experiment_json(const TrainOptions& options);

/// First field in which two experiments differ, as "batch_size: 32 there, 64 here"; empty when they are the same.
std::string first_difference(const TrainOptions& there, const TrainOptions& here);

/// The same over all fields.
std::string first_other_field(const TrainOptions& there, const TrainOptions& here);

/// Checksum of `experiment_json`, as eight hexadecimal digits.
std::string experiment_hash(const TrainOptions& options);

}  // namespace eoshard::train
