// Reference values that tests are handed from outside the repository; tests skip without them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace eoshard {

/// Parses $EOSHARD_SHARED/vectors/<name>; null where there is no such file.
inline nlohmann::json shared_vectors(const std::string& name) {
  const char* folder = std::getenv("EOSHARD_SHARED");
  const std::filesystem::path path = std::filesystem::path(folder != nullptr ? folder : "") / "vectors" / name;
  std::ifstream file(path);
  return file ? nlohmann::json::parse(file) : nlohmann::json();
}

}  // namespace eoshard

/// Declares `variable` with the vectors, or skips the test.
#define EOSHARD_VECTORS_OR_SKIP(variable, name)                  \
  const nlohmann::json variable = eoshard::shared_vectors(name); \
  if (variable.is_null()) GTEST_SKIP() << "no reference vectors " << (name) << " (EOSHARD_SHARED)"
