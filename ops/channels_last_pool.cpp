#include "ops/channels_last_pool.h"

#include "ops/cpu/isa.h"

namespace octet::ops {
namespace {

/// y[n, p, q, :] = over the pixels of the cell: combine(y, pixel), from the first pixel on; then finish(y, number of pixels).
template <class Combine, class Finish>
Tensor adaptive_pool(const Tensor& x, Size2 output, Combine&& combine, Finish&& finish) {
  OCTET_CHECK(x.dim() == 4, "adaptive pooling: expected input [N, H, W, C], got ", x.shape());
  const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  OCTET_CHECK(output.h > 0 && output.w > 0 && H > 0 && W > 0, "adaptive pooling: ", x.shape(), " to ", output);
  check_dtype("adaptive pooling", DType::f32, {&x});
  Tensor y({N, output.h, output.w, C});
#pragma omp parallel for
  for (int64_t i = 0; i < N * output.h * output.w; ++i) {
    const int64_t n = i / (output.h * output.w);
    const AdaptiveWindow rows = adaptive_window(i / output.w % output.h, H, output.h),
                         cols = adaptive_window(i % output.w, W, output.w);
    float* out = y.data<float>() + i * C;
    for (int64_t h = rows.begin; h < rows.end; ++h)
      for (int64_t w = cols.begin; w < cols.end; ++w) {
        const float* pixel = x.data<float>() + ((n * H + h) * W + w) * C;
        if (h == rows.begin && w == cols.begin)
          std::copy_n(pixel, C, out);
        else
          for (int64_t c = 0; c < C; ++c) out[c] = combine(out[c], pixel[c]);
      }
    const auto count = static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
    for (int64_t c = 0; c < C; ++c) out[c] = finish(out[c], count);
  }
  return y;
}

/// NaN wins, as in PyTorch.
constexpr auto kLarger = [](float best, float value) { return value > best || value != value ? value : best; };

}  // namespace

Tensor max_pool2d_channels_last(const Tensor& x, const MaxPool2dOptions& o) {
  OCTET_CHECK(x.dim() == 4, "max_pool2d: expected input [N, H, W, C], got ", x.shape());
  check_dtype("max_pool2d", DType::f32, {&x});
  return max_pool_channels_last<float>(x, o, cpu::kernels().fconv->largest);
}

Tensor adaptive_avg_pool2d_channels_last(const Tensor& x, Size2 output) {
  return adaptive_pool(
      x, output, [](float sum, float value) { return sum + value; }, [](float sum, float count) { return sum / count; });
}

Tensor adaptive_max_pool2d_channels_last(const Tensor& x, Size2 output) {
  return adaptive_pool(x, output, kLarger, [](float best, float) { return best; });
}

}  // namespace octet::ops
