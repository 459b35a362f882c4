#include "libtrain/dist/launcher_link.hpp"

#include <fmt/format.h>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "libtrain/dist/store_link.hpp"

namespace eoshard::train {

// Every restart of torchrun has keys of its own in the store of its agent, which outlives them.
std::unique_ptr<RankLink> link_by_launcher(const LaunchedRank& launched) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(launched.port);
  options.isServer = launched.rank == 0 && !launched.is_met;
  options.waitWorkers = false;
  const std::string where = fmt::format("{}:{}", launched.host, launched.port);
  c10::intrusive_ptr<c10d::Store> store =
      at_store(fmt::format("rank {} of {} cannot {} at {} (MASTER_ADDR, MASTER_PORT)", launched.rank, launched.size,
                           options.isServer ? "be met" : "meet the others", where),
               [&] { return c10::make_intrusive<c10d::TCPStore>(launched.host, options); });
  return link_by_store(c10::make_intrusive<c10d::PrefixStore>("eoshard" + launched.attempt, store),
                       {launched.rank, launched.size, launched.local_rank, where});
}

}  // namespace eoshard::train
