// The lane of CPUs: a thread that works beside the launching one. Also run under the thread sanitizer.
#include "libtrain/dist/communication_lane.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

TEST(CommunicationLane, RethrowsTheFirstErrorAndSkipsTheRest) {
  const auto lane = make_lane(at::kCPU);
  int runs = 0;
  lane->launch([&] { ++runs; });
  lane->launch([] { throw Error(ErrorKind::mpi, "lost"); });
  lane->launch([&] { ++runs; });
  EXPECT_THROW(lane->wait(), Error);
  EXPECT_EQ(runs, 1);
  lane->launch([&] { ++runs; });
  lane->wait();
  EXPECT_EQ(runs, 2);
}

TEST(CommunicationLane, WorkSeesWhatWasWrittenBeforeItAndIsSeenAfterTheWait) {
  const auto lane = make_lane(at::kCPU);
  std::vector<int> values;
  for (int round = 0; round < 50; ++round) {
    std::vector<int> written(4);
    for (int item = 0; item < 4; ++item) {
      written[item] = round;
      lane->launch([&values, &written, item] { values.push_back(written[item]); });
    }
    lane->wait();
    ASSERT_EQ(values.size(), 4 * (round + 1u));
    EXPECT_EQ(values.back(), round);
  }
}

TEST(CommunicationLane, RunsBesideTheLaunchingThread) {
  const auto lane = make_lane(at::kCPU);
  std::thread::id worker;
  lane->launch([&] { worker = std::this_thread::get_id(); });
  lane->wait();
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(CommunicationLane, WhatIsLaunchedIsDoneBeforeItGoes) {
  int runs = 0;
  {
    const auto lane = make_lane(at::kCPU);
    for (int item = 0; item < 20; ++item) lane->launch([&] { ++runs; });
  }
  EXPECT_EQ(runs, 20);
}

}  // namespace
}  // namespace eoshard::train
