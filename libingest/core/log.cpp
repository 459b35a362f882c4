#include "libingest/core/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace eoshard {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

Log::Log(int rank, LogLevel threshold)
    : logger_(std::make_shared<spdlog::logger>("eoshard", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_pattern(fmt::format("[%H:%M:%S] [rank {}] %l: %v", rank));
  logger_->set_level(to_spdlog(threshold));
  logger_->flush_on(spdlog::level::debug);
}

void Log::debug(std::string_view message) const { logger_->debug(message); }
void Log::info(std::string_view message) const { logger_->info(message); }
void Log::warning(std::string_view message) const { logger_->warn(message); }
void Log::error(std::string_view message) const { logger_->error(message); }

}  // namespace eoshard
