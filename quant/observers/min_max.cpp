#include "quant/observers/min_max.h"

#include <algorithm>
#include <limits>

#include "ops/cpu/isa.h"
#include "ops/cuda/observe.h"

namespace octet::quant {

MinMax min_max(const float* x, int64_t n) {
  constexpr int64_t kBlock = 16384;
  const auto of_block = ops::cpu::kernels().observe->min_max;
  float lo = std::numeric_limits<float>::infinity(), hi = -lo;
  bool nan = false;
#pragma omp parallel for reduction(min : lo) reduction(max : hi) reduction(|| : nan) if (n > 4 * kBlock)
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const ops::MinMaxNan seen = of_block(x + begin, std::min(kBlock, n - begin));
    lo = std::min(lo, seen.min);
    hi = std::max(hi, seen.max);
    nan = nan || seen.has_nan;
  }
  return {lo + 0.0f, hi + 0.0f, nan};  // -0 becomes 0: which of the two comes first depends on the threads
}

MinMax min_max(const Tensor& x) { return min_max_of_slices(x, 1)[0]; }

std::vector<MinMax> min_max_of_slices(const Tensor& x, int64_t slices) {
  const int64_t n = x.numel() / slices;
  std::vector<MinMax> all;
  if (x.on_cuda())
    for (const ops::MinMaxNan& seen : ops::cuda::min_max(x.cuda_data<float>(), slices, n))
      all.push_back({seen.min + 0.0f, seen.max + 0.0f, seen.has_nan});
  else
    for (int64_t k = 0; k < slices; ++k) all.push_back(min_max(x.data<float>() + k * n, n));
  return all;
}

}  // namespace octet::quant
