// What to say where a GPU's memory does not suffice.
#pragma once

#include <functional>

namespace eoshard::train {

/// Calls `work`. @throws Error{usage} that says what to lower where LibTorch finds no memory on the GPU.
void advise_on_gpu_memory(const std::function<void()>& work);

}  // namespace eoshard::train
