// A loop whose iterations threads share.
#pragma once

#include <functional>

namespace eoshard::synth {

/// Calls `work(index)` for 0 <= index < count, each once, on up to `threads` threads, in rising order of start. The
/// first exception ends the loop and is thrown here.
void parallel_for(int threads, int count, const std::function<void(int)>& work);

}  // namespace eoshard::synth
