// main of the tests that run under mpirun: a test fails when it fails on any rank.
#include <gtest/gtest.h>

#include "libingest/mpi/communicator.hpp"
#include "libingest/mpi/session.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const eoshard::MpiSession session(eoshard::MpiThreads::any);
  const eoshard::Communicator world = eoshard::Communicator::world();
  if (!world.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  std::uint64_t failures = RUN_ALL_TESTS() == 0 ? 0 : 1;
  world.sum(std::span(&failures, 1));
  return failures == 0 ? 0 : 1;
}
