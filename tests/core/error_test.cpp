#include "libingest/core/error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace eoshard {
namespace {

TEST(Error, ContextIsPrefixedOutermostFirst) {
  try {
    with_context("product P",
                 [] { with_context("band B02", [] { throw Error(ErrorKind::input, "the file is cut"); }); });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "product P: band B02: the file is cut");
    EXPECT_FALSE(error.is_agreed());
  }
}

TEST(Error, MisuseHasItsOwnExitStatus) {
  EXPECT_EQ(exit_status(ErrorKind::usage), 2);
  for (const ErrorKind kind : {ErrorKind::input, ErrorKind::io, ErrorKind::mpi, ErrorKind::internal}) {
    EXPECT_EQ(exit_status(kind), 1);
  }
}

TEST(ReasonOf, LeavesOutLibTorchsStackTrace) {
  const std::string trace = "\nException raised from f at x.cpp:1 (most recent call first):\nframe #0: main";
  EXPECT_EQ(reason_of(std::runtime_error("out of memory.\nTry less" + trace)), "out of memory.\nTry less");
  EXPECT_EQ(reason_of(std::runtime_error("no trace")), "no trace");
}

}  // namespace
}  // namespace eoshard
