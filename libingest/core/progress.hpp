// Progress of a long step: what libraries report, and the bar that rank 0 draws of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace eoshard {

struct Progress {
  std::string_view step;    ///< "scan", "extract", ...
  std::uint64_t done = 0;   ///< units of `unit` finished so far
  std::uint64_t total = 0;  ///< units in all; 0 when unknown
  std::string_view unit;    ///< "patches", "samples", ...
  std::string_view note;    ///< free text behind the figures; may be empty
  double rate = 0;          ///< units a second; 0: the bar measures it
};

/// "95 s", "12 min", "3 h 05 min".
std::string duration_text(double seconds);

/// "34 MB/s", "0.21 MB/s".
std::string rate_text(double bytes_per_s);

/// May be called from any thread, one call at a time.
using ProgressCallback = std::function<void(const Progress&)>;

enum class ProgressMode { automatic, always, never };

/// @throws Error{usage} unless `name` is auto, always or never.
ProgressMode parse_progress_mode(std::string_view name);

/// Draws progress on stderr: a line rewritten in place on a terminal, else (mode `always`) a line every ten seconds.
class ProgressBar {
 public:
  explicit ProgressBar(ProgressMode mode, bool is_root);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const Progress& progress);
  void finish();  ///< ends the current line

 private:
  bool is_enabled_;
  bool is_terminal_;
  bool has_open_line_ = false;
  std::string step_;
  std::uint64_t step_first_ = 0;  // units that were done when the step was first shown
  std::chrono::steady_clock::time_point step_start_;
  std::chrono::steady_clock::time_point last_shown_;
};

}  // namespace eoshard
