#include "ops/cuda/divisor.h"

#include <gtest/gtest.h>

#include "tensor/random.h"

namespace octet::ops::cuda {
namespace {

TEST(Divisor, DividesAsTheMachineDoes) {
  constexpr uint32_t kLargest = (uint32_t{1} << 31) - 1;
  Generator generator(1);
  std::vector<uint32_t> divisors = {kLargest, kLargest - 1, uint32_t{1} << 31};
  for (uint32_t d = 1; d <= 1030; ++d) divisors.push_back(d);
  for (int bit = 10; bit < 31; ++bit)
    for (int i = -1; i <= 1; ++i) divisors.push_back((uint32_t{1} << bit) + static_cast<uint32_t>(i));
  for (int i = 0; i < 500; ++i) divisors.push_back(1 + static_cast<uint32_t>(generator.below(kLargest)));
  for (const uint32_t d : divisors) {
    const Divisor divisor(d);
    const auto expect = [&](uint32_t n) {
      ASSERT_EQ(n / divisor, n / d) << n << " / " << d;
      ASSERT_EQ(n % divisor, n % d) << n << " % " << d;
    };
    for (uint32_t n : {uint32_t{0}, uint32_t{1}, kLargest, kLargest - 1}) expect(n);
    for (int i = 0; i < 200; ++i) {
      const auto quotient = static_cast<uint32_t>(generator.below(kLargest / d + 1));
      for (const int64_t n : {int64_t{quotient} * d - 1, int64_t{quotient} * d, int64_t{quotient} * d + d - 1})  // at the steps
        if (n >= 0 && n <= kLargest) expect(static_cast<uint32_t>(n));
      expect(static_cast<uint32_t>(generator.below(kLargest)));
    }
  }
}

}  // namespace
}  // namespace octet::ops::cuda
