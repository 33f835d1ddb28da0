#include "ops/softmax.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ops/cuda/norms.h"
#include "ops/engines/requantize.h"

namespace octet::ops {
namespace {

/// C values, `stride` apart.
void softmax_of(const float* x, int64_t C, int64_t stride, float* y) {
  float largest = x[0];
  for (int64_t c = 1; c < C; ++c) largest = std::max(largest, x[c * stride]);
  double sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += std::exp(static_cast<double>(x[c * stride] - largest));
  for (int64_t c = 0; c < C; ++c)
    y[c * stride] = static_cast<float>(std::exp(static_cast<double>(x[c * stride] - largest)) / sum);
}

void check(const char* what, const Tensor& x, DType dtype, int64_t channels) {
  OCTET_CHECK(x.dtype() == dtype && channels > 0, what, ": expected ", dtype, " with a channel at least, got ", x.dtype(), " ",
              x.shape());
}

int64_t channels_of(const char* what, const Tensor& x) {
  OCTET_CHECK(x.dim() == 2 || x.dim() == 4, what, ": expected [N, C] or [N, C, H, W], got ", x.shape());
  check(what, x, DType::f32, x.size(1));
  return x.size(1);
}

}  // namespace

Tensor softmax(const Tensor& x) {
  const int64_t C = channels_of("softmax", x), pixels = x.dim() == 4 ? x.size(2) * x.size(3) : 1, N = x.size(0);
  Tensor y(x.shape(), DType::f32, x.device());
  if (x.on_cuda()) return cuda::softmax(x, C, pixels, y), y;
  const float* from = x.data<float>();
  float* to = y.data<float>();
#pragma omp parallel for if (N * C * pixels > 4096)
  for (int64_t i = 0; i < N * pixels; ++i) {
    const int64_t at = i / pixels * C * pixels + i % pixels;
    softmax_of(from + at, C, pixels, to + at);
  }
  return y;
}

Tensor softmax_backward(const Tensor& dy, const Tensor& y) {
  const int64_t C = channels_of("softmax_backward", y), pixels = y.dim() == 4 ? y.size(2) * y.size(3) : 1;
  OCTET_CHECK(dy.shape() == y.shape(), "softmax_backward: gradient ", dy.shape(), " for values ", y.shape());
  check_same_device("softmax_backward", {&dy, &y});
  Tensor dx(y.shape(), DType::f32, y.device());
  if (y.on_cuda()) return cuda::softmax_backward(dy, y, C, pixels, dx), dx;
  for (int64_t i = 0; i < y.size(0) * pixels; ++i) {
    const int64_t at = i / pixels * C * pixels + i % pixels;
    const float *d = dy.data<float>() + at, *v = y.data<float>() + at;
    double sum = 0;
    for (int64_t c = 0; c < C; ++c) sum += static_cast<double>(d[c * pixels]) * v[c * pixels];
    for (int64_t c = 0; c < C; ++c) dx.data<float>()[at + c * pixels] = v[c * pixels] * (d[c * pixels] - static_cast<float>(sum));
  }
  return dx;
}

namespace int8 {
namespace {

using WholeExponentials = std::array<uint32_t, 256>;  // by how far a code is below the largest

WholeExponentials whole_exponentials(int64_t C, float scale) {
  const double most = std::min(4294967295.0 / static_cast<double>(C), 8388607.0);
  WholeExponentials t;
  for (size_t d = 0; d < t.size(); ++d)
    t[d] = static_cast<uint32_t>(std::nearbyint(most * std::exp(-static_cast<double>(d) * static_cast<double>(scale))));
  return t;
}

void by_whole_numbers(const uint8_t* x, int64_t C, const WholeExponentials& t, uint8_t* y) {
  const int32_t largest = *std::max_element(x, x + C);
  uint64_t sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += t[static_cast<size_t>(largest - x[c])];
  for (int64_t c = 0; c < C; ++c) {
    const uint64_t exponential = t[static_cast<size_t>(largest - x[c])];
    y[c] = static_cast<uint8_t>(std::min<uint64_t>((256 * exponential + sum / 2) / sum, 255));
  }
}

void by_reals(const uint8_t* x, int64_t C, QParams input, std::vector<float>& values, uint8_t* y) {
  for (int64_t c = 0; c < C; ++c) values[static_cast<size_t>(c)] = dequantize_value(x[c], input);
  softmax_of(values.data(), C, 1, values.data());
  for (int64_t c = 0; c < C; ++c)
    y[c] = static_cast<uint8_t>(quantize_value(values[static_cast<size_t>(c)], 256, kSoftmaxQParams.zero_point, {0, 255}));
}

}  // namespace

Tensor softmax(const Tensor& x, QParams input, SoftmaxRule rule) {
  OCTET_CHECK(x.dim() == 2 || x.dim() == 4, "int8 softmax: expected [N, C] or [N, H, W, C], got ", x.shape());
  const int64_t C = x.size(-1);
  check("int8 softmax", x, DType::quint8, C);
  check_qparams(input, DType::quint8, "int8 softmax");
  const WholeExponentials exponentials = whole_exponentials(C, input.scale);
  Tensor y(x.shape(), DType::quint8, x.device());
  if (x.on_cuda()) return cuda::int8_softmax(x, C, input, kSoftmaxQParams, rule, exponentials, y), y;
  std::vector<float> values(static_cast<size_t>(C));
  for (int64_t at = 0; at < x.numel(); at += C) {
    const uint8_t* from = x.data<uint8_t>() + at;
    uint8_t* to = y.data<uint8_t>() + at;
    switch (rule) {
      case SoftmaxRule::of_whole_numbers:
        by_whole_numbers(from, C, exponentials, to);
        break;
      case SoftmaxRule::of_reals:
        by_reals(from, C, input, values, to);
        break;
    }
  }
  return y;
}

}  // namespace int8
}  // namespace octet::ops
