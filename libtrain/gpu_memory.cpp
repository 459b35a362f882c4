#include "libtrain/gpu_memory.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard::train {

void advise_on_gpu_memory(const std::function<void()>& work) {
  try {
    work();
  } catch (const c10::OutOfMemoryError& error) {
    throw Error(ErrorKind::usage,
                fmt::format("{} Lower --micro-batch-size, or choose --precision bf16", reason_of(error)));
  }
}

}  // namespace eoshard::train
