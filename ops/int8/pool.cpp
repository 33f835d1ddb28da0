#include "ops/int8/pool.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "ops/channels_last_pool.h"
#include "ops/cuda/int8_elementwise.h"
#include "ops/cuda/pool.h"
#include "ops/engines/requantize.h"

namespace octet::ops::int8 {
namespace {

void check_image(const Tensor& x, const char* op) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8, op, ": expected quint8 [N, H, W, C], got ", x.dtype(), " ", x.shape());
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

Tensor clamp(const Tensor& x, int32_t low, int32_t high) {
  const auto lo = static_cast<uint8_t>(low), hi = static_cast<uint8_t>(high);
  if (x.on_cuda()) {
    Tensor y(x.shape(), x.dtype(), Device::cuda);
    return cuda::int8_clamp(x, lo, hi, y), y;
  }
  Tensor y = x.clone();
  uint8_t* q = y.data<uint8_t>();
#pragma omp parallel for simd
  for (int64_t i = 0; i < y.numel(); ++i) q[i] = std::min(std::max(q[i], lo), hi);
  return y;
}

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& o) {
  check_image(x, "int8 max_pool2d");
  if (x.on_cuda()) {
    Tensor y(max_pooled_shape(x.shape(), o), DType::quint8, Device::cuda);
    return cuda::int8_max_pool2d(x, o, y), y;
  }
  return max_pool_channels_last<uint8_t>(x, o, largest_codes);
}

Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output, QParams qparams, Engine engine) {
  check_image(x, "int8 adaptive_avg_pool2d");
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  OCTET_CHECK(output.h > 0 && output.w > 0 && H > 0 && W > 0, "int8 adaptive_avg_pool2d: ", x.shape(), " to ", output);
  Tensor y({N, output.h, output.w, C}, DType::quint8, x.device());
  const bool one_size = H % output.h == 0 && W % output.w == 0;
  const AverageRule rule{one_size ? rules_of(engine).average : AverageFactor::reciprocal, qparams};
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

Tensor cat_channels(std::span<const Tensor> parts, std::span<const QParams> qparams, QParams output) {
  OCTET_CHECK(!parts.empty() && parts.size() == qparams.size(), "int8 cat: ", parts.size(), " tensors with ", qparams.size(),
              " qparams");
  Shape shape = parts[0].shape();
  shape.back() = 0;
  for (const Tensor& part : parts) {
    OCTET_CHECK(part.dtype() == DType::quint8 && part.dim() == parts[0].dim() && part.dim() >= 2 &&
                    std::equal(shape.begin(), shape.end() - 1, part.shape().begin()),
                "int8 cat: expected quint8 tensors that differ in channels only, got ", part.dtype(), " ", part.shape(),
                " beside ", parts[0].shape());
    shape.back() += part.shape().back();
    check_same_device("int8 cat", {&parts[0], &part});
  }
  Tensor y(shape, DType::quint8, parts[0].device());
  const int64_t pixels = shape.back() ? y.numel() / shape.back() : 0;
  const float inverse_scale = 1.0f / output.scale;
  int64_t first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    std::array<uint8_t, 256> table;  // code -> code in the output's scale
    for (int q = 0; q < 256; ++q)
      table[static_cast<size_t>(q)] =
          qparams[i] == output
              ? static_cast<uint8_t>(q)
              : static_cast<uint8_t>(quantize_value(dequantize_value(q, qparams[i]), inverse_scale, output.zero_point, {0, 255}));
    const int64_t channels = parts[i].shape().back();
    if (y.on_cuda()) {
      cuda::int8_cat_part(parts[i], table, first, y);
      first += channels;
      continue;
    }
    const uint8_t* in = parts[i].data<uint8_t>();
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; ++c) y.data<uint8_t>()[p * shape.back() + first + c] = table[in[p * channels + c]];
    first += channels;
  }
  return y;
}

Tensor flatten(const Tensor& x) {
  if (x.dim() == 2) return x;
  check_image(x, "int8 flatten");
  const Shape flat{x.size(0), x.size(0) ? x.numel() / x.size(0) : 0};
  if (x.on_cuda()) {
    Tensor y(flat, DType::quint8, Device::cuda);
    return cuda::to_channels_first(x, y), y;
  }
  return to_channels_first(x).reshape(flat);
}

}  // namespace octet::ops::int8
