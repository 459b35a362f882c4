#include "libtrain/core/openmp_waiting.hpp"

#include <gtest/gtest.h>

#include <map>

namespace eoshard::train {
namespace {

int ranks_with(const std::map<std::string, std::string>& environment) {
  return ranks_of_node([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(OpenMpWaiting, RanksOfTheNodeComeFromTheLauncher) {
  EXPECT_EQ(ranks_with({}), 1);
  EXPECT_EQ(ranks_with({{"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}}), 4);
  EXPECT_EQ(ranks_with({{"LOCAL_WORLD_SIZE", "8"}}), 8);
  EXPECT_EQ(ranks_with({{"SLURM_STEP_TASKS_PER_NODE", "4(x2),1"}}), 4);
  EXPECT_EQ(ranks_with({{"LOCAL_WORLD_SIZE", "none"}}), 1);
}

TEST(OpenMpWaiting, ThreadsAreReadFromEitherForm) {
  EXPECT_EQ(wanted_threads({"--data", "d", "--threads", "3"}), 3);
  EXPECT_EQ(wanted_threads({"--threads=5", "--loader-threads", "2"}), 5);
  EXPECT_EQ(wanted_threads({"--threads"}), 0);
  EXPECT_EQ(wanted_threads({"--loader-threads=7"}), 0);
}

TEST(OpenMpWaiting, ThreadsSpinOnlyWhereEachHasACore) {
  const auto spins = [](int threads, int ranks, const CoresOfRank& cores) {
    return openmp_waiting(threads, ranks, cores).name == "GOMP_SPINCOUNT";
  };
  EXPECT_TRUE(spins(0, 1, {2, 2}));
  EXPECT_TRUE(spins(2, 1, {2, 2}));
  EXPECT_FALSE(spins(3, 1, {2, 2}));
  EXPECT_TRUE(spins(1, 2, {2, 2}));
  EXPECT_FALSE(spins(2, 2, {2, 2}));
  EXPECT_FALSE(spins(0, 4, {2, 2}));
  EXPECT_TRUE(spins(16, 4, {16, 64}));  // bound: each rank has a mask of its own
  EXPECT_FALSE(spins(17, 4, {16, 64}));
}

}  // namespace
}  // namespace eoshard::train
