// The files of a run, and the rules by which a run starts, goes on or is refused.
#pragma once

#include <filesystem>
#include <string>

#include "libtrain/core/train_options.hpp"

namespace eoshard::train {

inline constexpr const char* kConfigName = "config.json";
inline constexpr const char* kMetricsName = "metrics.jsonl";
inline constexpr const char* kTraceName = "trace.jsonl";  ///< when gradients were communicated, on request
inline constexpr const char* kEventsName = "events.out.tfevents.0.eoshard";  ///< the same for TensorBoard
inline constexpr const char* kReportName = "report.html";
inline constexpr const char* kResultName = "result.json";  ///< written last: it marks a run as finished
inline constexpr const char* kWeightsName = "weights.safetensors";
inline constexpr const char* kWeightsInfoName = "weights.json";
inline constexpr const char* kScriptName = "model.pt";  ///< copy of a TorchScript model
inline constexpr const char* kCheckpointFolder = "checkpoints";
inline constexpr const char* kBestName = "checkpoints/best.ckpt";  ///< the best weights by validation so far

enum class RunState { absent, unfinished, finished };

/// @throws Error{input} when the folder holds something else than a run.
RunState inspect_run(const std::filesystem::path& run);

/// What config.json holds: the resolved options, and the content of the files that they name.
struct RunConfiguration {
  TrainOptions options;
  std::string dataset_checksum;  ///< of dataset.json
  std::string program_version;
  std::string init_checksum;   ///< of the weights to begin with; empty without any
  std::string model_checksum;  ///< of the TorchScript file; empty for a built-in network
  int ranks = 0;               ///< over which --local-steps averages; 0 where the number changes nothing
};

/// The configuration of a run with these options on this many ranks. @throws Error{io|input} for a file that cannot be
/// read.
RunConfiguration configure_run(const TrainOptions& options, int ranks);

/// Of the text of a run's config.json. @throws Error{input} when it is none.
RunConfiguration parse_configuration(const std::string& text);
RunConfiguration read_configuration(const std::filesystem::path& run);
void write_configuration(const std::filesystem::path& run, const RunConfiguration& configuration);

/// Makes `run` ready, on one rank: a new or unfinished run of the same experiment passes, and `must_exist` refuses a
/// new one. With `is_overwritten` the files of an earlier run are deleted first (nothing else is).
/// @throws Error{usage} for a finished run, and for an unfinished one of another experiment, naming what differs.
void prepare_run(const std::filesystem::path& run, const RunConfiguration& wanted, bool is_overwritten,
                 bool must_exist);

/// Lines of metrics.jsonl, JSON objects that get the time of day in seconds, and TensorBoard's file of them. On going
/// on from a checkpoint, lines of later epochs are dropped: they will come again.
void append_metrics(const std::filesystem::path& run, const std::string& line);
void keep_metrics_up_to(const std::filesystem::path& run, std::int64_t epoch);

/// Lines of trace.jsonl, one a step. On going on from a checkpoint, those of later steps are cut off: they will come
/// again. @throws Error{io}
void append_trace(const std::filesystem::path& run, const std::string& line);
void keep_trace_up_to(const std::filesystem::path& run, std::int64_t step);

}  // namespace eoshard::train
