#include "libtrain/dist/launcher_link.hpp"

#include <c10/util/Logging.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "libtrain/dist/store_link.hpp"

namespace eoshard::train {
namespace {

// What goes wrong in the store becomes an error of ours; LibTorch's warning of the same comes with a page of its stack.
// Its variable TORCH_CPP_LOG_LEVEL, where set, has the last word.
void silence_store() {
  constexpr int kErrorsAlone = 2;  // of c10's levels INFO, WARNING, ERROR and FATAL
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) {
    FLAGS_caffe2_log_level = std::max(FLAGS_caffe2_log_level, kErrorsAlone);
  }
}

}  // namespace

// Every restart of torchrun has keys of its own in the store of its agent, which outlives them.
std::unique_ptr<RankLink> link_by_launcher(const LaunchedRank& launched) {
  silence_store();
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
