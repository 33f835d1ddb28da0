#include "ops/softmax.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ops/cuda/norms.h"
#include "ops/engines/requantize.h"
#include "ops/support/softmax_of.h"

namespace octet::ops {
namespace {

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
    softmax_of(
        C, [&](int64_t c) { return from[at + c * pixels]; }, [&](int64_t c, float share) { to[at + c * pixels] = share; });
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
    softmax_backward_of(dy.data<float>() + at, y.data<float>() + at, C, pixels, dx.data<float>() + at);
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

void by_reals(const uint8_t* x, int64_t C, QParams input, uint8_t* y) {
  softmax_of(
      C, [&](int64_t c) { return dequantize_value(x[c], input); },
      [&](int64_t c, float share) {
        y[c] = static_cast<uint8_t>(quantize_value(share, 256, kSoftmaxQParams.zero_point, {0, 255}));
      });
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
  for (int64_t at = 0; at < x.numel(); at += C) {
    const uint8_t* from = x.data<uint8_t>() + at;
    uint8_t* to = y.data<uint8_t>() + at;
    switch (rule) {
      case SoftmaxRule::of_whole_numbers:
        softmax_of_whole_numbers(from, C, exponentials.data(), to);
        break;
      case SoftmaxRule::of_reals:
        by_reals(from, C, input, to);
        break;
    }
  }
  return y;
}

}  // namespace int8
}  // namespace octet::ops
