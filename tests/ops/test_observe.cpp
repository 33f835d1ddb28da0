// The observers' vector kernels against the formula, value by value.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/kernels.h"

namespace octet::ops::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> values(int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-3, 3);
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = uniform(random);
  return x;
}

int32_t expected_bin(float v, const BinRule& rule) {
  if (!(v >= rule.lo && v <= rule.hi)) return rule.bins;
  const float position = (v - rule.lo) * static_cast<float>(rule.bins) / rule.width;
  return std::min(static_cast<int32_t>(position), rule.bins - 1);
}

TEST(Observe, BinsFollowTheFormulaAtEdgesAndOutside) {
  const BinRule rule = {-1.5f, 2.25f, 3.75f, 2048};
  std::vector<float> x = values(5000, 1);
  for (float v : {-1.5f, 2.25f, std::nextafter(-1.5f, -9.0f), std::nextafter(2.25f, 9.0f), std::nextafter(2.25f, 0.0f), -0.0f,
                  0.0f, kInfinity, -kInfinity, NAN, 1e38f, -1e38f})
    x.push_back(v);
  for (int32_t b = 0; b <= rule.bins; ++b) x.push_back(rule.lo + rule.width * static_cast<float>(b) / 2048.0f);
  for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
    std::vector<int32_t> bin(x.size());
    kernels.observe->find_bins(x.data(), std::ssize(x), rule, bin.data());
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bin[i], expected_bin(x[i], rule)) << x[i] << " " << isa;
  }
}

TEST(Observe, MinMaxOfEveryLengthAndPosition) {
  for (int64_t n = 1; n < 70; ++n)
    for (const auto& [isa, kernels] : test::kernels_of_each_set()) {
      SCOPED_TRACE(isa);
      const auto min_max = kernels.observe->min_max;
      std::vector<float> x = values(n, static_cast<unsigned>(n));
      const auto at = static_cast<size_t>(n * 7 / 11);
      x[at] = 5;
      EXPECT_EQ(min_max(x.data(), n).max, 5);
      x[at] = -5;
      EXPECT_EQ(min_max(x.data(), n).min, -5);
      EXPECT_FALSE(min_max(x.data(), n).has_nan);
      x[at] = NAN;
      EXPECT_TRUE(min_max(x.data(), n).has_nan) << "value " << at << " of " << n;
      x[at] = kInfinity;
      EXPECT_EQ(min_max(x.data(), n).max, kInfinity);
    }
}

}  // namespace
}  // namespace octet::ops::cpu
