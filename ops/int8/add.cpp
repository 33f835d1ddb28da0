#include "ops/int8/add.h"

#include <algorithm>
#include <cmath>

#include "ops/cpu/isa.h"
#include "ops/cuda/int8_elementwise.h"

namespace octet::ops::int8 {
namespace {

QAddFloat real_constants(const AddParams& p) {
  return {.sa = p.a.scale,
          .offset_a = p.a.scale * static_cast<float>(-p.a.zero_point),
          .sb = p.b.scale,
          .offset_b = p.b.scale * static_cast<float>(-p.b.zero_point),
          .inverse_scale = 1.0f / p.output.scale,
          .zy = p.output.zero_point,
          .qmin = p.relu ? p.output.zero_point : 0};
}

QAddShift fixed_point_constants(const AddParams& p) {
  const float ratio_a = p.a.scale / p.output.scale, ratio_b = p.b.scale / p.output.scale;
  const float ratio = std::max(ratio_a, ratio_b);
  const int shift = ratio > 0 && std::isfinite(ratio) ? 21 - std::ilogb(ratio) : 0;
  OCTET_CHECK(shift > 13 && shift < 32, "quantized add (qnnpack): input scales ", p.a.scale, " and ", p.b.scale,
              " are too far from the output scale ", p.output.scale, ": the larger ratio must be in [2^-10, 2^8)");
  return {.za = p.a.zero_point,
          .zb = p.b.zero_point,
          .ma = static_cast<int32_t>(std::nearbyint(std::ldexp(ratio_a, shift))),
          .mb = static_cast<int32_t>(std::nearbyint(std::ldexp(ratio_b, shift))),
          .shift = shift,
          .zy = p.output.zero_point,
          .qmin = p.relu ? p.output.zero_point : 0};
}

}  // namespace

Addition::Addition(const AddParams& params) {
  for (const QParams& q : {params.a, params.b, params.output}) check_qparams(q, DType::quint8, "quantized add");
  rule_.rule = rules_of(params.engine).addition;
  switch (rule_.rule) {
    case AdditionRule::fixed_point:
      rule_.shift = fixed_point_constants(params);
      break;
    case AdditionRule::real:
      rule_.real = real_constants(params);
      break;
  }
}

void Addition::operator()(const uint8_t* a, const uint8_t* b, const cpu::QAddRuns& runs, uint8_t* y) const {
  const cpu::QAddKernels& kernels = *cpu::kernels().qadd;
  switch (rule_.rule) {
    case AdditionRule::fixed_point:
      return kernels.by_shift(a, b, runs, rule_.shift, y);
    case AdditionRule::real:
      return kernels.by_float(a, b, runs, rule_.real, y);
  }
}

Tensor add(const Tensor& a, const Tensor& b, const AddParams& params) {
  OCTET_CHECK(a.shape() == b.shape() && a.dtype() == DType::quint8 && b.dtype() == DType::quint8,
              "quantized add: expected two quint8 of equal shape, got ", a.dtype(), " ", a.shape(), " and ", b.dtype(), " ",
              b.shape());
  check_same_device("quantized add", {&a, &b});
  Tensor y(a.shape(), DType::quint8, a.device());
  const Addition addition(params);
  if (a.on_cuda()) return cuda::int8_add(a, b, addition.rule(), y), y;
  const uint8_t *pa = a.data<uint8_t>(), *pb = b.data<uint8_t>();
  uint8_t* py = y.data<uint8_t>();
  constexpr int64_t kChunk = 1 << 14;
  const int64_t n = y.numel();
#pragma omp parallel for if (n > kChunk)
  for (int64_t begin = 0; begin < n; begin += kChunk)
    addition(pa + begin, pb + begin, {1, std::min(kChunk, n - begin), 0}, py + begin);
  return y;
}

}  // namespace octet::ops::int8
