#include "ops/dropout.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "ops/elementwise.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

using test::random_floats;

TEST(Dropout, ZeroOrScaled) {
  Generator generator(1);
  const Tensor x = random_floats({50, 39, 3}, 1);  // 5850 values: the last counter decides two
  const Dropped d = dropout(x, 0.25f, generator);
  int64_t kept = 0;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const float scale = d.scale.data<float>()[i];
    kept += scale != 0;
    ASSERT_TRUE(scale == 0 || scale == 1 / 0.75f) << i;
  }
  EXPECT_NEAR(static_cast<double>(kept) / 5850, 0.75, 0.023);  // four standard deviations
  EXPECT_TRUE(test::bits_equal(d.y, multiply(x, d.scale)));
  EXPECT_TRUE(test::bits_equal(dropout(x, 0, generator).y, x));
  EXPECT_TRUE(test::fails_with([&] { dropout(x, 1, generator); }, {"probability 1"}));
}

// Each place within a counter's four words, and each of two calls, is dropped by itself.
TEST(Dropout, PlacesAndCallsAreIndependent) {
  Generator generator(2);
  const Tensor x = Tensor::full({4000, 4}, 1.0f);
  const Tensor a = dropout(x, 0.5f, generator).y, b = dropout(x, 0.5f, generator).y;
  for (int i = 0; i < 4; ++i) {
    int same_as_next = 0, same_in_both = 0;
    for (int n = 0; n < 4000; ++n) {
      const float* row = a.data<float>() + 4 * n;
      same_as_next += row[i] == row[(i + 1) % 4];
      same_in_both += row[i] == b.data<float>()[4 * n + i];
    }
    EXPECT_NEAR(same_as_next, 2000, 127) << i;  // four standard deviations
    EXPECT_NEAR(same_in_both, 2000, 127) << i;
  }
}

TEST(Dropout, AnyNumberOfThreads) {
  const Tensor x = random_floats({64, 1001}, 1);
  Generator first(3), second(3);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Tensor one = dropout(x, 0.4f, first).y;
  omp_set_num_threads(3);
  const Tensor three = dropout(x, 0.4f, second).y;
  omp_set_num_threads(threads);
  EXPECT_TRUE(test::bits_equal(one, three));
}

}  // namespace
}  // namespace octet::ops
