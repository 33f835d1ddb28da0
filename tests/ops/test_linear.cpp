// The float linear layer: against its naive twin, and the same bits whatever the batch, the threads and the kernels.
#include "ops/linear.h"

#include <omp.h>

#include "ops/cpu/fdot.h"
#include "ops/reference/linear.h"
#include "tests/support/compare.h"
#include "tests/support/gradcheck.h"
#include "tests/support/kernels.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

/// A chain of n fused multiply-adds errs by about sqrt(n) / 2 of float32's 6e-8; sixteen chains and a tree by less than that.
TEST(Linear, IsItsDefinition) {
  for (const auto& [N, C, K] : {std::tuple{1, 512, 10}, {5, 33, 7}, {70, 1024, 25}, {3, 2500, 50}, {2, 15, 1}, {1, 1, 3}})
    for (const Tensor& bias : {Tensor(), test::random_floats({K}, 3)}) {
      const Tensor x = test::random_floats({N, C}, 1), w = test::random_floats({K, C}, 2);
      EXPECT_LT(test::relative_error(linear(x, w, bias), reference::linear(x, w, bias)), 5e-7) << N << " " << C << " " << K;
    }
}

TEST(Linear, SameBitsForEveryBatchAndThreadCount) {
  const int threads = omp_get_max_threads();
  const Tensor x = test::random_floats({70, 1100}, 1), w = test::random_floats({37, 1100}, 2),
               bias = test::random_floats({37}, 3);
  omp_set_num_threads(1);
  const Tensor want = linear(x, w, bias);
  for (const int n : {1, 2, 3})
    for (const int64_t batch : {1, 2, 7, 70}) {
      omp_set_num_threads(n);
      EXPECT_TRUE(test::bits_equal(linear(x.slice(0, batch), w, bias), want.slice(0, batch))) << n << " " << batch;
    }
  omp_set_num_threads(threads);
}

void expect_same_bits(const cpu::FDotKernels& fast, const cpu::FDotKernels& portable) {
  constexpr int64_t kMost = 13, kChains = cpu::FDotTile::kChains, kStride = 80;
  const Tensor x = test::random_floats({kMost, kStride}, 1), w = test::random_floats({kMost, kStride}, 2),
               before = test::random_floats({kMost * kMost * kChains}, 3);
  const auto run = [&](const cpu::FDotKernels& kernels, int64_t rows, int64_t outputs, int64_t count) {
    std::vector<float> sums(before.data<float>(), before.data<float>() + before.numel()), y(kMost * kMost);
    kernels.multiply({.x = x.data<float>(),
                      .w = w.data<float>(),
                      .rows = rows,
                      .outputs = outputs,
                      .x_stride = kStride,
                      .w_stride = kStride,
                      .count = count,
                      .sums = sums.data(),
                      .sums_stride = kMost * kChains});
    kernels.total(sums.data(), kMost * kMost, y.data());
    return std::pair(sums, y);
  };
  for (int64_t rows = 1; rows <= kMost; ++rows)
    for (int64_t outputs = 1; outputs <= kMost; ++outputs)
      for (const int64_t count : {5, 16, 48, 79})
        ASSERT_EQ(run(fast, rows, outputs, count), run(portable, rows, outputs, count)) << rows << " " << outputs << " " << count;
}

TEST(FDotKernels, SameBitsAsThePortableOnes) {
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    SCOPED_TRACE(isa);
    expect_same_bits(*kernels.fdot, *test::portable_kernels().fdot);
  }
}

}  // namespace
}  // namespace octet::ops
