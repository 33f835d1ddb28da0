#include "ops/fake_quantize.h"

#include <algorithm>

#include "ops/cuda/int8_elementwise.h"
#include "ops/engines/requantize.h"

namespace octet::ops {

using int8::CodeRange;
using int8::QParams;

namespace {

constexpr int64_t kWorthThreads = 1 << 15;  // values: fewer, such as one channel of a weight, are done before threads wake up

/// Values [0, n) with one scale. inside may be null.
void snap(const float* x, int64_t n, QParams q, CodeRange codes, float* y, uint8_t* inside) {
  const float inverse_scale = 1.0f / q.scale;
#pragma omp parallel for simd if (n >= kWorthThreads)
  for (int64_t i = 0; i < n; ++i)
    y[i] = int8::dequantize_value(int8::quantize_value(x[i], inverse_scale, q.zero_point, codes), q);
  if (inside == nullptr) return;
  const CodeRange wider{codes.qmin - 1, codes.qmax + 1};
#pragma omp parallel for simd if (n >= kWorthThreads)
  for (int64_t i = 0; i < n; ++i) {
    const int32_t code = int8::quantize_value(x[i], inverse_scale, q.zero_point, wider);
    inside[i] = code >= codes.qmin && code <= codes.qmax;
  }
}

/// inside: undefined where it is not wanted.
void snap_slices(const Tensor& x, std::span<const QParams> q, CodeRange codes, Tensor& y, Tensor& inside) {
  const auto slices = static_cast<int64_t>(q.size());
  OCTET_CHECK(slices == 1 || (x.dim() > 0 && slices == x.size(0)), "fake_quantize: ", slices, " scales for a tensor of shape ",
              x.shape(), ", expected one, or one per slice of dimension 0");
  for (const QParams& each : q)
    OCTET_CHECK(std::isfinite(each.scale) && each.scale > 0, "fake_quantize: scale ", each.scale,
                " is not a positive finite number");
  constexpr int32_t kLargestCode = 1 << 16;
  OCTET_CHECK(-kLargestCode <= codes.qmin && codes.qmin <= codes.qmax && codes.qmax <= kLargestCode, "fake_quantize: codes from ",
              codes.qmin, " to ", codes.qmax, ", expected the lower one first, none beyond ", kLargestCode);
  for (const QParams& each : q)
    OCTET_CHECK(codes.qmin <= each.zero_point && each.zero_point <= codes.qmax, "fake_quantize: zero point ", each.zero_point,
                " is outside ", codes.qmin, "..", codes.qmax);
  if (x.on_cuda()) return cuda::fake_quantize(x, q, codes, y, inside);
  check_dtype("fake_quantize", DType::f32, {&x});
  const int64_t n = x.numel() / std::max<int64_t>(1, slices);
  for (int64_t k = 0; k < slices; ++k)
    snap(x.data<float>() + k * n, n, q[static_cast<size_t>(k)], codes, y.data<float>() + k * n,
         inside.defined() ? inside.data<uint8_t>() + k * n : nullptr);
}

}  // namespace

Tensor fake_quantize(const Tensor& x, std::span<const QParams> qparams, CodeRange codes) {
  Tensor y(x.shape(), DType::f32, x.device()), no_inside;
  snap_slices(x, qparams, codes, y, no_inside);
  return y;
}

FakeQuantized fake_quantize_training(const Tensor& x, std::span<const QParams> qparams, CodeRange codes) {
  FakeQuantized result{Tensor(x.shape(), DType::f32, x.device()), Tensor(x.shape(), DType::u8, x.device())};
  snap_slices(x, qparams, codes, result.y, result.inside);
  return result;
}

void fake_quantize_backward_(Tensor& dy, const Tensor& inside) {
  OCTET_CHECK(dy.shape() == inside.shape(), "fake_quantize_backward: gradient ", dy.shape(), " for an output ", inside.shape());
  check_same_device("fake_quantize_backward", {&dy, &inside});
  if (dy.on_cuda()) return cuda::fake_quantize_backward(dy, inside);
  float* d = dy.data<float>();
  const uint8_t* in = inside.data<uint8_t>();
  const int64_t n = dy.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) d[i] *= static_cast<float>(in[i]);  // -0 where dy < 0, as in PyTorch
}

Tensor fake_quantize_weight(const Tensor& weight, const std::vector<float>& scale) {
  std::vector<QParams> qparams;
  for (float s : scale) qparams.push_back({s, 0});
  return fake_quantize(weight, qparams, int8::code_range(DType::qint8));
}

}  // namespace octet::ops
