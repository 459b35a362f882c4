// Where a rank's threads spend their time: seconds a stage, summed over threads.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace eoshard::ingest {

enum class Stage : std::uint8_t { decode, cut, compress, write };

inline constexpr std::array<std::string_view, 4> kStageNames = {"decode", "cut", "compress", "write"};

/// Wall seconds since `start`.
inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs a step; returns its wall seconds.
template <class Step>
double timed(const Step& step) {
  const auto start = std::chrono::steady_clock::now();
  step();
  return seconds_since(start);
}

/// Thread-safe.
class StageTimes {
 public:
  double seconds(Stage stage) const { return 1e-9 * static_cast<double>(at(stage)); }

  /// Adds the time from its construction to its destruction to a stage.
  class Timer {
   public:
    Timer(StageTimes& times, Stage stage) : times_(times), stage_(stage) {}
    ~Timer() {
      const auto elapsed = std::chrono::steady_clock::now() - start_;
      times_.at(stage_) += std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count();
    }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    StageTimes& times_;
    Stage stage_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

 private:
  std::atomic<std::int64_t>& at(Stage stage) { return nanoseconds_[static_cast<std::size_t>(stage)]; }
  std::int64_t at(Stage stage) const { return nanoseconds_[static_cast<std::size_t>(stage)]; }

  std::array<std::atomic<std::int64_t>, kStageNames.size()> nanoseconds_{};
};

}  // namespace eoshard::ingest
