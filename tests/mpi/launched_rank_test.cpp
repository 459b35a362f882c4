#include "libingest/mpi/launched_rank.hpp"

#include <gtest/gtest.h>

#include <map>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<LaunchedRank> read(const Variables& variables) {
  return rank_without_mpi([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

const Variables kTorchrun = {
    {"RANK", "5"},        {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "node3"}, {"MASTER_PORT", "29400"},
    {"SLURM_PROCID", "2"}};
const Variables kSlurm = {{"SLURM_PROCID", "3"},     {"SLURM_STEP_NUM_TASKS", "4"},           {"SLURM_LOCALID", "1"},
                          {"SLURM_JOB_ID", "12345"}, {"SLURM_STEP_NODELIST", "gpu[007-009]"}, {"SLURM_STEP_ID", "0"}};

TEST(LaunchedRank, OfTorchrun) {
  const auto launched = read(kTorchrun);
  ASSERT_TRUE(launched);
  EXPECT_EQ(launched->rank, 5);
  EXPECT_EQ(launched->size, 8);
  EXPECT_EQ(launched->local_rank, 1);
  EXPECT_EQ(launched->host, "node3");
  EXPECT_EQ(launched->port, 29400);
  EXPECT_FALSE(launched->is_met);
  Variables elastic = kTorchrun;
  elastic["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  elastic["TORCHELASTIC_RESTART_COUNT"] = "2";
  EXPECT_TRUE(read(elastic)->is_met);
  EXPECT_EQ(read(elastic)->attempt, "2");
}

TEST(LaunchedRank, OfSlurm) {
  const auto launched = read(kSlurm);
  ASSERT_TRUE(launched);
  EXPECT_EQ(launched->rank, 3);
  EXPECT_EQ(launched->size, 4);
  EXPECT_EQ(launched->local_rank, 1);
  EXPECT_EQ(launched->host, "gpu007");
  EXPECT_GE(launched->port, 20000);
  Variables other = kSlurm;
  other["SLURM_STEP_ID"] = "1";
  EXPECT_NE(read(other)->port, launched->port);
  other["MASTER_ADDR"] = "elsewhere";
  other["MASTER_PORT"] = "1234";
  EXPECT_EQ(read(other)->host, "elsewhere");
  EXPECT_EQ(read(other)->port, 1234);
}

TEST(LaunchedRank, MpiComesFirst) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"}) {
    Variables both = kSlurm;
    both[name] = "2";
    EXPECT_FALSE(read(both)) << name;
    Variables inherited = kTorchrun;
    inherited[name] = "0";
    EXPECT_FALSE(read(inherited)) << name;
    inherited["TORCHELASTIC_RUN_ID"] = "none";
    ASSERT_TRUE(read(inherited)) << name;
    EXPECT_EQ(read(inherited)->rank, 5);
  }
}

TEST(LaunchedRank, ASingleProcessIsNone) {
  EXPECT_FALSE(read({}));
  EXPECT_FALSE(read({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  EXPECT_FALSE(read({{"SLURM_PROCID", "0"}, {"SLURM_JOB_ID", "7"}}));  // a job's script
}

TEST(LaunchedRank, NamesTheVariableThatIsWrong) {
  const auto error_of = [](Variables variables, const std::string& name, const std::string& value) -> std::string {
    variables.erase(name);
    if (!value.empty()) variables[name] = value;
    try {
      read(variables);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(error_of(kTorchrun, "MASTER_ADDR", "").find("MASTER_ADDR is not set"), std::string::npos);
  EXPECT_NE(error_of(kTorchrun, "MASTER_PORT", "http").find("MASTER_PORT=http"), std::string::npos);
  EXPECT_NE(error_of(kTorchrun, "MASTER_PORT", "99999").find("MASTER_PORT=99999"), std::string::npos);
  EXPECT_NE(error_of(kTorchrun, "MASTER_PORT", "0").find("MASTER_PORT=0"), std::string::npos);
  EXPECT_NE(error_of(kTorchrun, "RANK", "8").find("rank 8 of 8"), std::string::npos);
  EXPECT_NE(error_of(kSlurm, "SLURM_STEP_NODELIST", "").find("SLURM_STEP_NODELIST"), std::string::npos);
}

TEST(FirstHost, OfSlurmsLists) {
  EXPECT_EQ(first_host("node7"), "node7");
  EXPECT_EQ(first_host("node7,node9"), "node7");
  EXPECT_EQ(first_host("node[07-12,20],other3"), "node07");
  EXPECT_EQ(first_host("a1,b[2-3]"), "a1");
  EXPECT_EQ(first_host("rack[3,5]-gpu,other"), "rack3-gpu");
  EXPECT_EQ(first_host("rack[3,5]-gpu"), "rack3-gpu");
}

}  // namespace
}  // namespace eoshard
