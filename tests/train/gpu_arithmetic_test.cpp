#include "libtrain/gpu_arithmetic.hpp"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace eoshard::train {
namespace {

TrainOptions on_gpu(bool tf32, bool deterministic) {
  TrainOptions options;
  options.device = "cuda";
  options.tf32 = tf32;
  options.deterministic = deterministic;
  return options;
}

// What LibTorch is told, which it keeps on machines without a GPU as well.
TEST(GpuArithmetic, IsWhatTheOptionsSay) {
  const at::Context& context = at::globalContext();
  ::unsetenv("CUBLAS_WORKSPACE_CONFIG");
  for (const bool tf32 : {true, false}) {
    choose_gpu_arithmetic(on_gpu(tf32, false));
    EXPECT_EQ(context.allowTF32CuDNN(), tf32);
    EXPECT_EQ(context.allowTF32CuBLAS(), tf32);
    EXPECT_TRUE(context.benchmarkCuDNN());
    EXPECT_FALSE(context.deterministicCuDNN());
    EXPECT_FALSE(context.deterministicAlgorithms());
    EXPECT_EQ(std::getenv("CUBLAS_WORKSPACE_CONFIG"), nullptr);
  }
  choose_gpu_arithmetic(on_gpu(false, true));
  EXPECT_FALSE(context.benchmarkCuDNN());
  EXPECT_TRUE(context.deterministicCuDNN());
  EXPECT_TRUE(context.deterministicAlgorithms());
  EXPECT_FALSE(context.deterministicAlgorithmsWarnOnly());
  EXPECT_FALSE(context.deterministicFillUninitializedMemory());
  EXPECT_EQ(std::string(std::getenv("CUBLAS_WORKSPACE_CONFIG")), ":4096:8");
}

TEST(GpuArithmetic, LeavesCpusAlone) {
  choose_gpu_arithmetic(on_gpu(true, false));
  TrainOptions options = on_gpu(false, true);
  options.device = "cpu";
  choose_gpu_arithmetic(options);
  EXPECT_TRUE(at::globalContext().allowTF32CuDNN());
  EXPECT_FALSE(at::globalContext().deterministicAlgorithms());
}

}  // namespace
}  // namespace eoshard::train
