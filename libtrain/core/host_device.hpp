// Marks functions that the CPU and GPUs share; nvcc compiles them for both.
#pragma once

#ifdef __CUDACC__
#define EOSHARD_HOST_DEVICE __host__ __device__
#else
#define EOSHARD_HOST_DEVICE
#endif
