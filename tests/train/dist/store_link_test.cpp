// Ranks without MPI: threads here, each with a store object of its own, as processes have.
#include "libtrain/dist/store_link.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>

#include <functional>
#include <thread>

#include "libingest/mpi/communicator.hpp"
#include "libtrain/dist/launcher_link.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::train {
namespace {

using Link = std::function<std::unique_ptr<RankLink>(int rank, int size)>;

// Runs `work` on every rank.
void on_ranks(int size, const Link& link, const std::function<void(const Communicator&)>& work) {
  std::vector<std::jthread> ranks;
  for (int rank = 0; rank < size; ++rank) {
    ranks.emplace_back([&, rank] { work(Communicator(link(rank, size))); });
  }
}

int free_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
  ::bind(handle, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(handle);
  return ntohs(address.sin_port);
}

// What a run says to the other ranks.
void talk(const Communicator& world) {
  const int rank = world.rank(), size = world.size();
  EXPECT_FALSE(world.has_mpi());
  EXPECT_THROW(world.get(), Error);
  EXPECT_EQ(world.broadcast(rank == 0 ? "from the root" : "other"), "from the root");
  EXPECT_EQ(world.broadcast(""), "");
  const std::string large(9 << 20, 'x');
  EXPECT_EQ(world.broadcast(rank == 0 ? large : ""), large);
  const std::vector<std::string> texts = world.all_gather(std::string(static_cast<std::size_t>(rank), ':'));
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(size));
  for (std::size_t other = 0; other < texts.size(); ++other) EXPECT_EQ(texts[other], std::string(other, ':'));
  const std::vector<std::string> long_texts = world.all_gather(rank == size - 1 ? large : "short");
  EXPECT_EQ(long_texts.back(), large);
  EXPECT_EQ(long_texts.front(), size == 1 ? large : "short");
  const std::array<int, 2> mine = {rank, -rank};
  const std::vector<int> all = world.all_gather(std::span<const int>(mine));
  for (int other = 0; other < size; ++other) EXPECT_EQ(all[2 * static_cast<std::size_t>(other) + 1], -other);
  std::vector<std::string> for_each;
  for (int other = 0; rank == 0 && other < size; ++other) for_each.push_back("to " + std::to_string(other));
  EXPECT_EQ(world.scatter(for_each), "to " + std::to_string(rank));
  std::array<std::uint64_t, 2> counts = {1, static_cast<std::uint64_t>(rank)};
  world.sum(counts);
  EXPECT_EQ(counts[0], static_cast<std::uint64_t>(size));
  EXPECT_EQ(counts[1], static_cast<std::uint64_t>(size * (size - 1) / 2));
  std::array<double, 1> halves = {0.5 * rank};
  world.sum(halves);
  EXPECT_EQ(halves[0], 0.25 * size * (size - 1));
  world.barrier();
  const NodePlace place = world.node_place();
  EXPECT_EQ(place.rank, rank);
  EXPECT_EQ(place.size, size);
  int calls = 0;
  world.agree([&] { ++calls; });
  EXPECT_EQ(calls, 1);
  if (size == 1) return;
  try {
    world.agree([&] {
      if (rank >= 1) throw Error(ErrorKind::usage, "rank " + std::to_string(rank) + " objects");
    });
    ADD_FAILURE() << "nothing was thrown on rank " << rank;
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "rank 1 objects");
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_TRUE(error.is_agreed());
  }
}

TEST(StoreLink, ConnectsRanksByAFile) {
  for (const int size : {1, 2, 4}) {
    const TemporaryFolder folder;
    const std::string path = folder.path() / "store";
    on_ranks(
        size,
        [&](int rank, int ranks) {
          return link_by_store(c10::make_intrusive<c10d::FileStore>(path, ranks), {rank, ranks, rank, path});
        },
        talk);
  }
}

Link over_tcp(int port) {
  return [port](int rank, int size) {
    LaunchedRank launched;
    launched.rank = launched.local_rank = rank;
    launched.size = size;
    launched.host = "localhost";
    launched.port = port;
    return link_by_launcher(launched);
  };
}

TEST(StoreLink, ConnectsRanksByTcp) {
  for (const int size : {2, 3}) on_ranks(size, over_tcp(free_port()), talk);
}

// A long run says many things: what all have heard is forgotten.
TEST(StoreLink, ForgetsWhatWasSaid) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "store";
  const auto store = c10::make_intrusive<c10d::FileStore>(path, 3);
  on_ranks(
      3,
      [&](int rank, int size) {
        const auto own = rank == 0 ? store : c10::make_intrusive<c10d::FileStore>(path, size);
        return link_by_store(own, {rank, size, rank, path});
      },
      [&](const Communicator& world) {
        for (int turn = 0; turn < 20; ++turn) world.broadcast(world.all_gather("text").back());
        if (world.is_root()) {
          EXPECT_LT(store->getNumKeys(), 8);
        }
        world.barrier();
      });
}

TEST(StoreLink, ALostStoreIsOneError) {
  testing::internal::CaptureStderr();
  on_ranks(2, over_tcp(free_port()), [](const Communicator& world) {
    world.barrier();
    if (world.is_root()) return;  // waits for the other's farewell for a while, then its store is gone
    std::this_thread::sleep_for(std::chrono::seconds(12));
    try {
      world.barrier();
      ADD_FAILURE() << "nobody missed the store";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("rank 1 lost the store of the ranks at localhost:"), std::string::npos)
          << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace eoshard::train
