#include "libingest/core/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string format_line(const Progress& progress, double rate) {
  std::string line = fmt::format("{}: {}", progress.step, progress.done);
  if (progress.total > 0) line += fmt::format("/{}", progress.total);
  line += fmt::format(" {}", progress.unit);
  if (rate > 0) {
    line += fmt::format(" ({:.0f}/s", rate);
    if (progress.total > progress.done) {
      line += fmt::format(", {} left", duration_text(static_cast<double>(progress.total - progress.done) / rate));
    }
    line += ")";
  }
  if (!progress.note.empty()) line += fmt::format(" {}", progress.note);
  return line;
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr double kSwitch = 120;  // two minutes as seconds, two hours as minutes
  if (seconds < kSwitch) return fmt::format("{:.0f} s", seconds);
  const std::int64_t minutes = std::lround(seconds / 60);
  if (minutes < static_cast<std::int64_t>(kSwitch)) return fmt::format("{} min", minutes);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string rate_text(double bytes_per_s) {
  const double megabytes_per_s = 1e-6 * bytes_per_s;
  return megabytes_per_s < 10 ? fmt::format("{:.2g} MB/s", megabytes_per_s)
                              : fmt::format("{:.0f} MB/s", megabytes_per_s);
}

ProgressMode parse_progress_mode(std::string_view name) {
  if (name == "auto") return ProgressMode::automatic;
  if (name == "always") return ProgressMode::always;
  if (name == "never") return ProgressMode::never;
  throw Error(ErrorKind::usage, fmt::format("--progress: '{}' is none of auto, always, never", name));
}

ProgressBar::ProgressBar(ProgressMode mode, bool is_root) : is_terminal_(::isatty(STDERR_FILENO) == 1) {
  is_enabled_ = is_root && (mode == ProgressMode::always || (mode == ProgressMode::automatic && is_terminal_));
}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::show(const Progress& progress) {
  if (!is_enabled_) return;
  const bool is_new_step = step_ != progress.step;
  if (is_new_step) {
    finish();
    step_ = progress.step;
    step_first_ = progress.done;
    step_start_ = Clock::now();
  }
  const double interval_s = is_terminal_ ? 0.1 : 10.0;
  const bool is_complete = progress.total > 0 && progress.done >= progress.total;
  if (!is_new_step && !is_complete && seconds_since(last_shown_) < interval_s) return;
  last_shown_ = Clock::now();
  const double elapsed_s = seconds_since(step_start_);
  const double measured = elapsed_s > 0 ? static_cast<double>(progress.done - step_first_) / elapsed_s : 0;
  const std::string line = format_line(progress, progress.rate > 0 ? progress.rate : measured);
  if (is_terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    has_open_line_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

void ProgressBar::finish() {
  if (has_open_line_) fmt::print(stderr, "\n");
  has_open_line_ = false;
}

}  // namespace eoshard
