#include "libingest/mpi/communicator.hpp"

#include <gtest/gtest.h>

#include <array>

namespace eoshard {
namespace {

TEST(Communicator, GathersInRankOrder) {
  const Communicator world = Communicator::world();
  const std::vector<std::string> texts = world.all_gather(std::string(static_cast<std::size_t>(world.rank()), 'x'));
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(world.size()));
  for (std::size_t rank = 0; rank < texts.size(); ++rank) EXPECT_EQ(texts[rank].size(), rank);
  const std::array<int, 2> mine = {world.rank(), -world.rank()};
  const std::vector<int> all = world.all_gather(std::span<const int>(mine));
  for (int rank = 0; rank < world.size(); ++rank) EXPECT_EQ(all[2 * static_cast<std::size_t>(rank) + 1], -rank);
}

TEST(Communicator, BroadcastsTheRootsText) {
  const Communicator world = Communicator::world();
  EXPECT_EQ(world.broadcast(world.is_root() ? "from the root" : "other"), "from the root");
}

TEST(Communicator, SumsOverRanks) {
  const Communicator world = Communicator::world();
  std::array<std::uint64_t, 2> values = {1, static_cast<std::uint64_t>(world.rank())};
  world.sum(values);
  EXPECT_EQ(values[0], static_cast<std::uint64_t>(world.size()));
  EXPECT_EQ(values[1], static_cast<std::uint64_t>(world.size() * (world.size() - 1) / 2));
}

TEST(Communicator, AnErrorOfOneRankReachesAll) {
  const Communicator world = Communicator::world();
  try {
    world.agree([&] {
      if (world.rank() >= 1) throw Error(ErrorKind::usage, "rank " + std::to_string(world.rank()) + " objects");
    });
    FAIL() << "nothing was thrown on rank " << world.rank();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "rank 1 objects");
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_TRUE(error.is_agreed());
  }
}

TEST(Communicator, AgreementWithoutErrorsIsSilent) {
  const Communicator world = Communicator::world();
  int calls = 0;
  world.agree([&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace eoshard
