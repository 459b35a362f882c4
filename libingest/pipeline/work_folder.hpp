// `<out>/unfinished`: what a run has done so far, so that the same command can go on after any interruption.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path out) : out_(std::move(out)) {}

  std::filesystem::path out() const { return out_; }
  /// `product` is an id stem: unique among a run's products, and fit for file names.
  std::filesystem::path scan_file(const std::string& product) const { return folder() / (product + ".scan"); }
  /// What a run notes for itself.
  std::filesystem::path scratch_file(const std::string& name) const { return folder() / name; }
  std::filesystem::path part_file(const std::string& product, const std::string& array) const;
  /// Those of `array` that are complete, in the order of their names.
  std::vector<std::filesystem::path> part_files(const std::string& array) const;
  std::filesystem::path sample_rows(const std::string& product, std::string_view split) const {
    return folder() / (product + "." + std::string(split) + ".csv");
  }
  std::filesystem::path rejected_rows(const std::string& product) const {
    return folder() / (product + ".rejected.csv");
  }

  /// Whether a run was begun here and has not ended.
  bool has_run() const;

  /// A piece of the dataset that products are appended to, copied before it is replaced.
  std::filesystem::path base_file(const std::string& name) const { return folder() / ("base." + name); }

  enum class Start {
    fresh,
    resumed,
    finished,  ///< an earlier run of this configuration made the dataset and was stopped before it tidied up
  };

  /// Makes `out` ready on one rank: a new folder, or an interrupted run of the same configuration to go on with. With
  /// `overwrite`, an earlier dataset is removed first. An interrupted run of other options that extracted nothing yet
  /// is removed as well: there is nothing to lose.
  /// @throws Error{usage} when `out` holds a finished dataset, a run of another configuration, or something else.
  Start prepare(const std::string& configuration, bool overwrite) const;

  /// The two halves of prepare(): what there is in `out`, which stays as it is, and the beginning of a fresh run.
  /// Between them others may refuse what they are given.
  Start look(const std::string& configuration, bool overwrite) const;
  void begin(const std::string& configuration) const;

  /// Removes what begin() made, where the run has left nothing else.
  void remove_if_untouched() const;

  /// The same for products that are appended to the finished dataset in `out`, which stays as it is until the end.
  /// @throws Error{usage} also when there is none, or it was made with other options than `configuration`.
  Start prepare_append(const std::string& configuration) const;

  /// The configuration of the interrupted run in `out`. @throws Error{usage} when there is none.
  std::string read_configuration() const;

  /// Removes `unfinished` after the manifest is committed.
  void remove() const;

 private:
  std::filesystem::path folder() const { return out_ / "unfinished"; }
  std::filesystem::path configuration_file() const { return folder() / "configuration.json"; }
  bool is_same_run(const std::string& configuration) const;
  bool has_parts() const;  // something that took time is there, or was being made when the run ended
  [[noreturn]] void refuse_other_run(const std::string& configuration, const std::string& way_out) const;
  void write_configuration(const std::string& configuration) const;
  void check_is_ours() const;
  void remove_locks() const;
  void remove_dataset() const;

  std::filesystem::path out_;
};

}  // namespace eoshard::ingest
