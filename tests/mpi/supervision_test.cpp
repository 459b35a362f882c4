#include "libingest/mpi/supervision.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

using namespace std::chrono_literals;

TEST(Supervision, TheLastBeatSumsTheCountersOfAllRanks) {
  const Communicator world = Communicator::world();
  std::vector<std::uint64_t> last;
  supervise(
      world, 2,
      [&](Watch& watch) {
        for (int step = 0; step < 10; ++step) watch.add(0, 1);
        watch.add(1, static_cast<std::uint64_t>(world.rank()));
      },
      [&](std::span<const std::uint64_t> sums) { last.assign(sums.begin(), sums.end()); });
  EXPECT_EQ(last, (std::vector<std::uint64_t>{10u * static_cast<std::uint64_t>(world.size()), 0 + 1 + 2}));
}

TEST(Supervision, BeatsComeWhileTheWorkGoesOn) {
  const Communicator world = Communicator::world();
  int beats = 0;
  supervise(
      world, 1, [&](Watch&) { std::this_thread::sleep_for(world.is_root() ? 600ms : 0ms); },
      [&](std::span<const std::uint64_t>) { ++beats; });
  EXPECT_GE(beats, 3);
}

TEST(Supervision, OneRanksErrorStopsTheOthersAndIsThrownByAll) {
  const Communicator world = Communicator::world();
  const auto start = std::chrono::steady_clock::now();
  const auto work = [&](Watch& watch) {
    if (world.rank() == 1) throw Error(ErrorKind::input, "rank 1 met bad input");
    for (;;) {  // ends by check() alone
      std::this_thread::sleep_for(5ms);
      watch.check();
    }
  };
  try {
    supervise(world, 0, work, nullptr);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "rank 1 met bad input");
    EXPECT_TRUE(error.is_agreed());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

}  // namespace
}  // namespace eoshard
