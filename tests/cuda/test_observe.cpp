// What observers ask of a tensor on the device, against the CPU's kernels.
#include "ops/cuda/observe.h"

#include <limits>

#include "ops/cpu/isa.h"
#include "tests/cuda/device.h"

namespace octet::ops {
namespace {

using test::there;

class Observe : public test::OnCuda {};

TEST_F(Observe, MinMaxAndNaNOfSlices) {
  for (const int64_t n : {1, 255, 4097, 100'000})
    for (const int64_t slices : {1, 3}) {
      Tensor x = test::random_floats({slices, n}, static_cast<uint64_t>(n));
      x.data<float>()[x.numel() - 1] = 77;  // the extremes lie with the last threads
      x.data<float>()[x.numel() / 2] = -77;
      const auto all = cuda::min_max(there(x).cuda_data<float>(), slices, n);
      ASSERT_EQ(std::ssize(all), slices);
      for (int64_t k = 0; k < slices; ++k) {
        const MinMaxNan want = cpu::kernels().observe->min_max(x.data<float>() + k * n, n), got = all[static_cast<size_t>(k)];
        EXPECT_EQ(got.min, want.min) << n;
        EXPECT_EQ(got.max, want.max) << n;
        EXPECT_FALSE(got.has_nan);
      }
      x.data<float>()[x.numel() - 1] = NAN;
      EXPECT_TRUE(cuda::min_max(there(x).cuda_data<float>(), slices, n).back().has_nan) << n;
    }
}

TEST_F(Observe, CountsOfEveryBin) {
  const BinRule rule{-1.5f, 2.25f, 3.75f, 2048};
  for (const int64_t n : {1, 5000, 300'000}) {
    Tensor x = test::random_floats({n}, 3);
    x.data<float>()[n / 2] = 2.25f;
    std::vector<int64_t> want(2048, 1), got(2048, 1);  // they are added to
    for (int64_t i = 0; i < n; ++i)
      if (const int32_t bin = bin_of(x.data<float>()[i], rule); bin < rule.bins) ++want[static_cast<size_t>(bin)];
    cuda::add_counts(there(x).cuda_data<float>(), n, rule, got);
    EXPECT_EQ(got, want) << n;
  }
}

}  // namespace
}  // namespace octet::ops
