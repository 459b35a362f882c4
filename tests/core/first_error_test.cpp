#include "libingest/core/first_error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace eoshard {
namespace {

TEST(FirstError, IsKeptAndEndsTheWork) {
  FirstError error;
  int calls = 0;
  error.keep([&] { ++calls; });
  EXPECT_FALSE(error.is_kept());
  EXPECT_NO_THROW(error.rethrow());
  error.keep([&] { throw std::runtime_error("first"); });
  error.keep([&] { ++calls; });
  EXPECT_TRUE(error.is_kept());
  EXPECT_EQ(calls, 1);
  EXPECT_THROW(error.rethrow(), std::runtime_error);
}

}  // namespace
}  // namespace eoshard
