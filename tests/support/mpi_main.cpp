// main of the tests that run under mpirun: a test fails when it fails on any rank; the program exits with 77 (skipped)
// when every test skipped.
#include <gtest/gtest.h>

#include "libingest/mpi/communicator.hpp"
#include "libingest/mpi/session.hpp"

namespace {
constexpr int kSkipped = 77;
}

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
  if (failures > 0) return 1;
  const auto& results = *testing::UnitTest::GetInstance();
  return results.skipped_test_count() == results.test_to_run_count() ? kSkipped : 0;
}
