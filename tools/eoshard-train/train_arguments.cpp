#include "tools/eoshard-train/train_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "tools/common/program.hpp"

namespace eoshard::train {
namespace {

// Declares an option for a field of TrainOptions: "--batch-size" fills batch_size.
template <class Value>
CLI::Option* declare(CLI::App& app, CommandLine& line, const std::string& field, Value& value,
                     const std::string& help) {
  std::string name = field;
  std::replace(name.begin(), name.end(), '_', '-');
  CLI::Option* option = app.add_option("--" + name, value, help);
  if constexpr (std::is_same_v<Value, EpochValues>) option->type_name("N[,EPOCH:N]...");
  line.declared.emplace_back(field, option);
  return option;
}

void declare_flag(CLI::App& app, CommandLine& line, const std::string& field, const std::string& name, bool& value,
                  const std::string& help) {
  line.declared.emplace_back(field, app.add_flag(name, value, help));
}

void declare_data_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Data");
  TrainOptions& options = line.options;
  declare(app, line, "data", options.data, "Dataset folder");
  declare(app, line, "out", options.out, "Run folder; an unfinished run of the same options goes on");
  declare(app, line, "bands", options.bands, "Input bands in this order, e.g. B04,B03,B02")
      ->delimiter(',')
      ->default_str("all");
  declare(app, line, "input", options.input,
          "Bands on their native grids, or those that the ingest has upsampled (super)")
      ->check(CLI::IsMember({"native", "super"}));
  declare(app, line, "upsample", options.upsample, "How coarser native grids come to the finest one")
      ->check(CLI::IsMember({"nearest", "bilinear", "bicubic"}));
  declare(app, line, "where", options.where, "column=value in samples.csv: train on those samples alone; repeatable");
  declare(app, line, "subset_fraction", options.subset_fraction, "Share of the training split, chosen by the seed")
      ->check(number_between(0, 1));
  declare(app, line, "nomenclature", options.nomenclature,
          "Bring a dataset of CORINE's classes to these: bigearthnet-19, bigearthnet-43 or corine-44");
  declare(app, line, "augment", options.augment, "Any of flip, rotate90; or none")->delimiter(',');
  declare(app, line, "shuffle", options.shuffle,
          "Samples go anywhere in an epoch (global), or stay near their neighbours in the files (blocks)")
      ->check(CLI::IsMember({"global", "blocks"}));
  declare(app, line, "shuffle_block", options.shuffle_block, "Blocks: neighbouring samples that move together")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30));
  declare(app, line, "shuffle_window", options.shuffle_window,
          "Blocks: how many are shuffled among each other at a time")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30));
  declare(app, line, "mixup_alpha", options.mixup_alpha,
          "Mix samples of a micro-batch in shares of Beta(alpha, alpha); 0 = no")
      ->check(number_between(0, 1000));
  declare(app, line, "loader_threads", options.loader_threads, "Threads a rank that read ahead; 0 = automatic")
      ->check(CLI::Range(0, 1024));
  declare_flag(app, line, "skip_damaged", "--skip-damaged", options.skip_damaged,
               "Count and list samples that are damaged, and put others in their places, instead of an error");
  declare(app, line, "cache", options.cache,
          "Keep samples that were read in memory: none, compressed, decoded, or on the GPU (device)")
      ->check(CLI::IsMember({"none", "compressed", "decoded", "device"}));
}

void declare_model_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Network");
  TrainOptions& options = line.options;
  declare(app, line, "model", options.model, "resnet18, resnet50, efficientnet_b0, or a TorchScript file (.pt)");
  declare(app, line, "dropout", options.dropout, "Before the last layer; -1 = the model's own")
      ->check(number_between(-1, 0.99));
  declare(app, line, "stochastic_depth", options.stochastic_depth,
          "Of the deepest residual branch of efficientnet_b0; -1 = the model's own")
      ->check(number_between(-1, 0.99));
  declare(app, line, "stem", options.stem, "First layers: standard, or small for images of about 28 x 28")
      ->check(CLI::IsMember({"standard", "small"}));
  declare(app, line, "init", options.init, "Safetensors file with weights to begin with");
  declare(app, line, "init_first_conv", options.init_first_conv,
          "Where those have other bands: average them over ours, or skip")
      ->check(CLI::IsMember({"average", "skip"}));
  declare(app, line, "init_head", options.init_head, "Last layer of those weights: skip or keep")
      ->check(CLI::IsMember({"skip", "keep"}));
  declare(app, line, "freeze", options.freeze, "backbone: train the last layer alone")
      ->check(CLI::IsMember({"none", "backbone"}));
}

void declare_training_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Training");
  TrainOptions& options = line.options;
  declare(app, line, "epochs", options.epochs, "Passes over the training split")->check(CLI::Range(1, 1000000));
  declare(app, line, "batch_size", options.batch_size,
          "Samples a step, over all ranks; 512,20:16384 changes it from epoch 20 on");
  declare(
      app, line, "micro_batch_size", options.micro_batch_size,
      "Samples a forward pass, part of the experiment, by epoch too; 0 = largest divisor of the batch size up to 32");
  declare(app, line, "local_steps", options.local_steps,
          "Steps that a rank takes by itself between averages of the weights; 1,20:8 does so from epoch 20 on");
  declare(app, line, "max_steps", options.max_steps, "End training after this many steps in all; 0 = no limit")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 62));
  declare(app, line, "early_stop_patience", options.early_stop_patience,
          "End training after so many epochs without a better f1_micro on validation; 0 = no")
      ->check(CLI::Range(0, 1000000));
  declare(app, line, "label_smoothing", options.label_smoothing, "Share of the targets that is spread over the classes")
      ->check(number_between(0, 0.99));
  declare(app, line, "class_weights", options.class_weights, "balanced: rare classes count as much as common ones")
      ->check(CLI::IsMember({"none", "balanced"}));
  declare(app, line, "seed", options.seed, "Of initial weights, order and augmentation")->check(seed_number());
}

void declare_optimizer_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Optimizer");
  TrainOptions& options = line.options;
  declare(app, line, "optimizer", options.optimizer, "Update rule")
      ->check(CLI::IsMember({"sgd", "lars", "lamb", "novograd", "adamw"}));
  declare(app, line, "momentum", options.momentum, "Of sgd and lars")->check(number_between(0, 1));
  declare_flag(app, line, "nesterov", "--nesterov,!--no-nesterov", options.nesterov,
               "Nesterov momentum, on by default (sgd, lars)");
  declare(app, line, "beta1", options.beta1, "Of lamb, novograd, adamw; 0 = 0.9, novograd 0.95")
      ->check(number_between(0, 1));
  declare(app, line, "beta2", options.beta2, "Of lamb, novograd, adamw; 0 = 0.999, novograd 0.98")
      ->check(number_between(0, 1));
  declare(app, line, "epsilon", options.epsilon, "Of all but sgd; 0 = 1e-8, lamb 1e-6")->check(finite_nonnegative());
  declare(app, line, "lars_trust", options.lars_trust, "Trust coefficient of lars")->check(finite_nonnegative());
  declare(app, line, "lars_rate", options.lars_rate, "Where lars puts the rate: outside or inside the momentum")
      ->check(CLI::IsMember({"outside", "inside"}));
  declare(app, line, "weight_decay", options.weight_decay, "Never on biases and batch-norm parameters")
      ->check(finite_nonnegative());
  declare(app, line, "weight_decay_on", options.weight_decay_on,
          "Weights of convolutions alone, or of linear layers too")
      ->check(CLI::IsMember({"conv", "conv+linear"}));
  declare(app, line, "clip_gradient_norm", options.clip_gradient_norm,
          "Largest norm of the whole gradient; 0 = none, -1 = 1 for lamb, else none")
      ->check(number_between(-1, 1e30));
  declare(app, line, "ema_decay", options.ema_decay,
          "Evaluate and save weights averaged with this decay a step; 0 = no")
      ->check(number_between(0, 1));
}

void declare_schedule_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Learning rate");
  TrainOptions& options = line.options;
  declare(app, line, "learning_rate", options.learning_rate, "After the warm-up")->check(finite_nonnegative());
  declare(app, line, "scale_learning_rate", options.scale_learning_rate,
          "Multiply it by the batch size over the reference batch size, or by the root of that")
      ->check(CLI::IsMember({"none", "linear", "sqrt"}));
  declare(app, line, "reference_batch_size", options.reference_batch_size, "For which the learning rate is meant")
      ->check(CLI::Range(1, 1 << 24));
  declare_flag(app, line, "rescale_at_switch", "--rescale-at-switch", options.rescale_at_switch,
               "Scale the rate anew where the batch size changes");
  declare(app, line, "warmup_epochs", options.warmup_epochs, "Linear warm-up")->check(finite_nonnegative());
  declare_flag(app, line, "scale_warmup", "--scale-warmup", options.scale_warmup,
               "Multiply the warm-up by the batch size over the reference batch size");
  declare(app, line, "warmup_start_factor", options.warmup_start_factor, "First rate as a share of the learning rate")
      ->check(number_between(0, 1));
  declare(app, line, "schedule", options.schedule, "Rate after the warm-up")
      ->check(CLI::IsMember({"constant", "multistep", "polynomial", "cosine"}));
  declare(app, line, "milestones", options.milestones, "Multistep: epochs after which the rate is multiplied by gamma")
      ->delimiter(',');
  declare(app, line, "gamma", options.gamma, "Multistep: factor at a milestone")->check(finite_nonnegative());
  declare(app, line, "power", options.power, "Of the polynomial")->check(finite_nonnegative());
  declare(app, line, "end_rate_factor", options.end_rate_factor,
          "Last rate of polynomial and cosine as a share of the learning rate")
      ->check(number_between(0, 1));
}

void declare_score_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Scores");
  TrainOptions& options = line.options;
  declare(app, line, "threshold_sweep", options.threshold_sweep,
          "Score test at thresholds found on validation as well: one for all classes (global) or one each (class)")
      ->check(CLI::IsMember({"none", "global", "class"}));
  declare(app, line, "score_by", options.score_by, "Score each value of this column of samples.csv as well");
  app.add_option("--evaluate", line.evaluation.run,
                 "Score this run's weights on --data (by default the run's own), and train nothing");
  app.add_option("--split", line.evaluation.split, "Split that --evaluate scores")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  app.add_option("--predictions", line.evaluation.predictions,
                 "Table of what --evaluate finds for each sample: CSV, or Parquet where it ends in .parquet");
  app.add_option("--embeddings", line.evaluation.embeddings,
                 "NumPy file for the last layer's input of each sample of --evaluate");
}

void declare_machine_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Machine");
  TrainOptions& options = line.options;
  declare(app, line, "precision", options.precision, "Of convolutions and products")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}));
  declare(app, line, "device", options.device, "Where to compute")->check(CLI::IsMember({"cpu", "cuda"}));
  declare_flag(app, line, "tf32", "--tf32,!--no-tf32", options.tf32,
               "GPUs: float32 convolutions and products in TF32, with 10 bits of fraction");
  declare_flag(app, line, "deterministic", "--deterministic,!--no-deterministic", options.deterministic,
               "GPUs: the same bits in every run, with slower convolutions; CPUs have them anyway");
  declare(app, line, "step", options.step,
          "GPUs: operator by operator (eager), or captured as a CUDA graph and replayed (graphed)")
      ->check(CLI::IsMember({"eager", "graphed"}));
  declare(app, line, "threads", options.threads, "Computing threads a rank; 0 = its share of the node's cores")
      ->check(CLI::Range(0, 1024));
  declare(app, line, "reduction", options.reduction,
          "Of gradients: exact has the same bits on any number of ranks, fast is the library's; auto = exact on CPUs")
      ->check(CLI::IsMember({"auto", "exact", "fast"}));
  declare(app, line, "wire", options.wire, "What ranks send each other gradients in")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  declare(app, line, "bucket_mb", options.bucket_mb,
          "MiB of gradients that are communicated at once, while backward goes on")
      ->check(number_between(0.001, 65536));
  declare(app, line, "checkpoint_every_steps", options.checkpoint_every_steps,
          "Save so often besides every epoch, while training goes on; 0 = at epochs alone")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 62));
  declare(app, line, "keep_checkpoints", options.keep_checkpoints, "Newest checkpoints to keep")
      ->check(CLI::Range(1, 1000));
}

// Accepts what matches all of `pattern`.
CLI::Validator matching(const char* pattern, const std::string& what) {
  return CLI::Validator(
      [=](const std::string& text) {
        return std::regex_match(text, std::regex(pattern)) ? "" : fmt::format("'{}' is not {}", text, what);
      },
      "TEXT");
}

CLI::Validator slurm_time() {
  return matching("[0-9]+(:[0-5][0-9]){0,2}|[0-9]+-[0-9]{1,2}(:[0-5][0-9]){0,2}",
                  "a time: minutes, hours:minutes:seconds or days-hours:minutes:seconds");
}

CLI::Validator slurm_name() { return matching("[A-Za-z0-9_.,+@-]+", "a name that sbatch takes"); }

void declare_run_options(CLI::App& app, CommandLine& line) {
  app.option_defaults()->group("Run");
  app.add_option("--config", line.config, "TOML file of options, or a run's config.json; options given here win");
  app.add_option("--time-limit", line.time_limit_s, "Save after so many seconds and exit with 75; 0 = no limit")
      ->check(finite_nonnegative());
  app.add_option("--rank-timeout", line.rank_timeout_s,
                 "End all ranks when one has not been heard of, or has not moved, for so many seconds; 0 = never")
      ->check(finite_nonnegative());
  app.add_option("--resume", line.resume, "Go on with this unfinished run, with the options of its config.json");
  app.add_flag("--overwrite", line.is_overwritten, "Start anew over an earlier run in --out");
  app.add_flag("--print-schedule", line.is_schedule_wanted,
               "Print step, epoch, batch size and rate of every step as CSV, and train nothing");
  app.add_flag("--benchmark-input", line.is_input_benchmark,
               "Print images a second of the input pipeline alone as JSON, and train nothing");
  app.add_flag("--benchmark-step", line.is_step_benchmark,
               "Print images a second of steps on one resident batch as JSON, and train nothing");
  app.add_flag("--print-slurm", line.is_slurm_wanted,
               "Print a job script for sbatch that trains with these options, and train nothing");
  app.add_option("--nodes", line.slurm.nodes, "Of --print-slurm: nodes of the job")->check(CLI::Range(1, 1 << 20));
  app.add_option("--gpus-per-node", line.slurm.gpus_per_node,
                 "Of --print-slurm: GPUs, and tasks, of a node; 0 = one task a node on its CPUs")
      ->check(CLI::Range(0, 1024));
  app.add_option("--cpus-per-task", line.slurm.cpus_per_task, "Of --print-slurm: cores of a task")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--time", line.slurm.time, "Of --print-slurm: limit as sbatch takes it, e.g. 90, 12:00:00, 2-00:00:00")
      ->check(slurm_time());
  app.add_option("--partition", line.slurm.partition, "Of --print-slurm: partition of the job, or several with commas")
      ->check(slurm_name());
  app.add_option("--account", line.slurm.account, "Of --print-slurm: account of the job")->check(slurm_name());
  app.add_flag("--benchmark-collectives", line.is_collective_benchmark,
               "Print latency and bandwidth of reductions over all ranks by size as JSON, and train nothing");
  app.add_flag("--trace", line.is_traced, "Write when each step's gradients were communicated to trace.jsonl");
  app.add_option("--progress", line.progress, "On stderr: auto (on a terminal), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

}  // namespace

void declare_options(CLI::App& app, CommandLine& line) {
  declare_data_options(app, line);
  declare_model_options(app, line);
  declare_training_options(app, line);
  declare_optimizer_options(app, line);
  declare_schedule_options(app, line);
  declare_score_options(app, line);
  declare_machine_options(app, line);
  declare_run_options(app, line);
  app.footer("Exit status: 0 finished, 1 failure, 2 misuse, 75 stopped by SIGTERM or SIGUSR1 and saved: run it again.");
}

}  // namespace eoshard::train
