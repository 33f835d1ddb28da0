// Sums in the order of torch.mean. Where channels are the innermost, PyTorch adds 4 vectors of them pixel by pixel (cascade), and the
// channels that are left over from 4 sums of every fourth pixel (interleaved).
#include "ops/int8/mean.h"

#include <algorithm>
#include <array>
#include <bit>

#include "ops/engines/requantize.h"
#include "ops/int8/pool.h"

namespace octet::ops::int8 {
namespace {

constexpr int64_t kTogether = 32;  // channels: 4 vectors of 8 floats

/// value(0) + ... + value(n - 1) by partial sums of 2^p values, of these again, and so on, which keeps rounding errors small.
/// PyTorch's multi_row_sum.
template <class Value>
float cascade_sum(int64_t n, Value&& value) {
  constexpr int kLevels = 4;
  const int power = std::max(4, static_cast<int>(std::bit_width(static_cast<uint64_t>(std::max<int64_t>(n, 1) - 1))) / kLevels);
  const int64_t step = int64_t{1} << power;
  std::array<float, kLevels> sums{};
  int64_t i = 0;
  while (i + step <= n) {
    for (int64_t end = i + step; i < end; ++i) sums[0] += value(i);
    for (int level = 1; level < kLevels; ++level) {
      sums[static_cast<size_t>(level)] += sums[static_cast<size_t>(level) - 1];
      sums[static_cast<size_t>(level) - 1] = 0;
      if ((i & ((step - 1) << (level * power))) != 0) break;
    }
  }
  for (; i < n; ++i) sums[0] += value(i);
  return ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

/// PyTorch's row_sum.
template <class Value>
float interleaved_sum(int64_t n, Value&& value) {
  const int64_t fours = n / 4;
  std::array<float, 4> sums;
  for (int64_t k = 0; k < 4; ++k) sums[static_cast<size_t>(k)] = cascade_sum(fours, [&](int64_t i) { return value(4 * i + k); });
  for (int64_t i = 4 * fours; i < n; ++i) sums[0] += value(i);
  return ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

Tensor mean_of_reals(const Tensor& x, QParams qparams) {
  const int64_t N = x.size(0), pixels = x.size(1) * x.size(2), C = x.size(3), in_vectors = C / kTogether * kTogether;
  Tensor y({N, C}, DType::quint8);
  const float inverse_scale = 1.0f / qparams.scale, count = static_cast<float>(pixels);
#pragma omp parallel for
  for (int64_t i = 0; i < N * C; ++i) {
    const int64_t c = i % C;
    const uint8_t* first = x.data<uint8_t>() + i / C * pixels * C + c;
    const auto value = [&](int64_t pixel) { return dequantize_value(first[pixel * C], qparams); };
    const float sum = c < in_vectors ? cascade_sum(pixels, value) : interleaved_sum(pixels, value);
    y.data<uint8_t>()[i] = static_cast<uint8_t>(quantize_value(sum / count, inverse_scale, qparams.zero_point, {0, 255}));
  }
  return y;
}

}  // namespace

Tensor mean(const Tensor& x, QParams qparams, MeanRule rule, bool keepdim) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8 && x.size(1) * x.size(2) > 0,
              "int8 mean: expected quint8 [N, H, W, C], got ", x.dtype(), " ", x.shape());
  OCTET_CHECK(!x.on_cuda(), "int8 mean is not there on a device yet; use the CPU");
  check_qparams(qparams, DType::quint8, "int8 mean");
  Tensor y;
  switch (rule) {
    case MeanRule::of_codes:
      y = adaptive_avg_pool2d(x, 1, qparams, Engine::qnnpack);
      break;
    case MeanRule::of_reals:
      y = mean_of_reals(x, qparams);
      break;
  }
  return y.reshape(keepdim ? Shape{x.size(0), 1, 1, x.size(3)} : Shape{x.size(0), x.size(3)});
}

}  // namespace octet::ops::int8
