#include "ops/int8/pool.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "ops/channels_last_pool.h"
#include "ops/cuda/pool.h"
#include "ops/support/failure.h"

namespace octet::ops::int8 {
namespace {

void check_image(const Tensor& x, const char* op) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8, op, ": expected quint8 [N, H, W, C], got ", x.dtype(), " ", x.shape());
}

/// The most codes whose sum an int32 holds.
constexpr int64_t kMostPixels = INT32_MAX / 255;

void check_average(const char* op, int64_t pixels, QParams qparams) {
  check_qparams(qparams, DType::quint8, op);
  OCTET_CHECK(pixels <= kMostPixels, op, ": a sum of ", pixels, " codes could overflow int32; the limit is ", kMostPixels);
}

/// The `largest` that ops/channels_last_pool.h asks for.
void largest_codes(const uint8_t* x, int64_t count, int64_t stride, int64_t n, uint8_t* best) {
  typedef uint8_t Codes __attribute__((vector_size(16)));
  constexpr int kAtOnce = 4;  // vectors, in registers
  int64_t i = 0;
  for (; i + kAtOnce * 16 <= n; i += kAtOnce * 16) {
    Codes most[kAtOnce];
#pragma GCC unroll 4
    for (int v = 0; v < kAtOnce; ++v) std::memcpy(&most[v], x + i + v * 16, sizeof most[v]);
    const uint8_t* next = x + i;
    for (int64_t j = 1; j < count; ++j) {
      next += stride;
#pragma GCC unroll 4
      for (int v = 0; v < kAtOnce; ++v) {
        Codes codes;
        std::memcpy(&codes, next + v * 16, sizeof codes);
        most[v] = codes > most[v] ? codes : most[v];
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kAtOnce; ++v) std::memcpy(best + i + v * 16, &most[v], sizeof most[v]);
  }
  for (; i < n; ++i) {
    best[i] = x[i];
    for (int64_t j = 1; j < count; ++j) best[i] = std::max(best[i], x[j * stride + i]);
  }
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& o) {
  check_image(x, "int8 max_pool2d");
  if (x.on_cuda()) {
    Tensor y(max_pooled_shape(x.shape(), o), DType::quint8, Device::cuda);
    return cuda::int8_max_pool2d(x, o, y), y;
  }
  return max_pool_channels_last<uint8_t>(x, o, largest_codes);
}

Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& o, QParams qparams, Engine engine, std::optional<QParams> to) {
  check_image(x, "int8 avg_pool2d");
  if (to) check_qparams(*to, DType::quint8, "int8 avg_pool2d output");
  const AverageRule rule{rules_of(engine).average, qparams, to.value_or(qparams)};
  const bool by_kernel = rule.by == AverageFactor::of_a_layer;
  OCTET_CHECK(!by_kernel || !o.ceil_mode, "int8 avg_pool2d with ceil_mode=True: PyTorch's ", name_of(engine),
              " gives wrong codes at the border; keep the call in float, or use another backend");
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const AvgWindows windows(o, H, W);
  check_average("int8 avg_pool2d", o.kernel.h * o.kernel.w, qparams);
  const int64_t P = windows.P(), Q = windows.Q();
  Tensor y({N, P, Q, C}, DType::quint8, x.device());
  if (x.on_cuda()) {
    cuda::int8_avg_pool2d(x, windows, rule, by_kernel ? static_cast<int32_t>(o.kernel.h * o.kernel.w) : 0, y);
    return y;
  }
  Failure failure;
#pragma omp parallel
  {
    std::vector<int32_t> sum;
    failure.keep([&] { sum.resize(static_cast<size_t>(C)); });
#pragma omp for
    for (int64_t i = 0; i < N * P * Q; ++i) {
      if (failure.failed()) continue;
      const AvgWindow window = windows.of(i / Q % P, i % Q);
      const int64_t pixels = (window.h1 - window.h0) * (window.w1 - window.w0);
      std::fill(sum.begin(), sum.end(), static_cast<int32_t>(-pixels * qparams.zero_point));
      for (int64_t h = window.h0; h < window.h1; ++h)
        for (int64_t w = window.w0; w < window.w1; ++w) {
          const uint8_t* pixel = x.data<uint8_t>() + ((i / Q / P * H + h) * W + w) * C;
          for (int64_t c = 0; c < C; ++c) sum[static_cast<size_t>(c)] += pixel[c];
        }
      const float factor = rule.factor(static_cast<int32_t>(by_kernel ? o.kernel.h * o.kernel.w : window.divisor));
      for (int64_t c = 0; c < C; ++c) y.data<uint8_t>()[i * C + c] = rule.code(sum[static_cast<size_t>(c)], factor);
    }
  }
  failure.rethrow();
  return y;
}

Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output, QParams qparams, Engine engine, std::optional<QParams> to) {
  check_image(x, "int8 adaptive_avg_pool2d");
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  OCTET_CHECK(output.h > 0 && output.w > 0 && H > 0 && W > 0, "int8 adaptive_avg_pool2d: ", x.shape(), " to ", output);
  if (to) check_qparams(*to, DType::quint8, "int8 adaptive_avg_pool2d output");
  const auto largest = [](int64_t input, int64_t cells) { return std::min(input, (input + cells - 1) / cells + 1); };
  check_average("int8 adaptive_avg_pool2d", largest(H, output.h) * largest(W, output.w), qparams);
  Tensor y({N, output.h, output.w, C}, DType::quint8, x.device());
  const bool one_size = H % output.h == 0 && W % output.w == 0;
  const AverageRule rule{one_size ? rules_of(engine).average : AverageFactor::reciprocal, qparams, to.value_or(qparams)};
  if (x.on_cuda()) return cuda::int8_adaptive_avg_pool2d(x, rule, y), y;
  const uint8_t* px = x.data<uint8_t>();
  uint8_t* py = y.data<uint8_t>();
  std::vector<int32_t> sum(static_cast<size_t>(C));
  for (int64_t i = 0; i < N * output.h * output.w; ++i) {
    const int64_t n = i / (output.h * output.w);
    const AdaptiveWindow rows = adaptive_window(i / output.w % output.h, H, output.h),
                         cols = adaptive_window(i % output.w, W, output.w);
    const auto count = static_cast<int32_t>((rows.end - rows.begin) * (cols.end - cols.begin));
    std::fill(sum.begin(), sum.end(), -count * qparams.zero_point);
    for (int64_t h = rows.begin; h < rows.end; ++h)
      for (int64_t w = cols.begin; w < cols.end; ++w)
        for (int64_t c = 0; c < C; ++c) sum[static_cast<size_t>(c)] += px[((n * H + h) * W + w) * C + c];
    const float factor = rule.factor(count);
    for (int64_t c = 0; c < C; ++c) py[i * C + c] = rule.code(sum[static_cast<size_t>(c)], factor);
  }
  return y;
}

}  // namespace octet::ops::int8
