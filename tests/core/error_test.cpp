#include "libingest/core/error.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace eoshard
