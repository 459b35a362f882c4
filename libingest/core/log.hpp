// Leveled log lines on stderr, each with its rank. Libraries take a `const Log&` and never print by themselves.
#pragma once

#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace eoshard {

enum class LogLevel { debug, info, warning, error };

class Log {
 public:
  explicit Log(int rank = 0, LogLevel threshold = LogLevel::info);

  void debug(std::string_view message) const;
  void info(std::string_view message) const;
  void warning(std::string_view message) const;
  void error(std::string_view message) const;

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace eoshard
