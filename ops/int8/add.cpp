#include "ops/int8/add.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ops/int8/requantize.h"

namespace octet::ops::int8 {
namespace {

/// A code has 256 values, so dequantizing is a table: fma(code, scale, -zero_point * scale).
std::array<float, 256> dequantize_table(QParams q) {
  std::array<float, 256> table;
  const float offset = q.scale * static_cast<float>(-q.zero_point);
  for (int i = 0; i < 256; ++i) table[static_cast<size_t>(i)] = std::fma(q.scale, static_cast<float>(i), offset);
  return table;
}

void add_fbgemm(const uint8_t* a, const uint8_t* b, int64_t n, const AddParams& p, uint8_t* y) {
  const auto real_a = dequantize_table(p.a), real_b = dequantize_table(p.b);
  const float inverse_scale = 1.0f / p.output.scale;
  const CodeRange range{p.relu ? p.output.zero_point : 0, 255};
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i)
    y[i] = static_cast<uint8_t>(quantize_value(real_a[a[i]] + real_b[b[i]], inverse_scale, p.output.zero_point, range));
}

void add_qnnpack(const uint8_t* a, const uint8_t* b, int64_t n, const AddParams& p, uint8_t* y) {
  const float ratio_a = p.a.scale / p.output.scale, ratio_b = p.b.scale / p.output.scale;
  const int shift = 21 - std::ilogb(std::max(ratio_a, ratio_b));
  OCTET_CHECK(shift > 13 && shift < 32, "quantized add (qnnpack): input scales ", p.a.scale, " and ", p.b.scale,
              " are too far from the output scale ", p.output.scale, ": the larger ratio must be in [2^-10, 2^8)");
  const auto ma = static_cast<int32_t>(std::nearbyint(std::ldexp(ratio_a, shift)));
  const auto mb = static_cast<int32_t>(std::nearbyint(std::ldexp(ratio_b, shift)));
  const auto mask = static_cast<int32_t>((int64_t{1} << shift) - 1), half = mask >> 1;
  const int32_t za = p.a.zero_point, zb = p.b.zero_point, zy = p.output.zero_point, qmin = p.relu ? zy : 0;
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) {
    const int32_t acc = (a[i] - za) * ma + (b[i] - zb) * mb;  // below 2 * 255 * 2^22 < 2^31
    const int32_t remainder = (acc & mask) - (acc < 0 ? 1 : 0);
    const int32_t q = (acc >> shift) + (remainder > half ? 1 : 0) + zy;
    y[i] = static_cast<uint8_t>(std::clamp(q, qmin, 255));
  }
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, const AddParams& params) {
  OCTET_CHECK(a.shape() == b.shape() && a.dtype() == DType::quint8 && b.dtype() == DType::quint8,
              "quantized add: expected two quint8 of equal shape, got ", a.dtype(), " ", a.shape(), " and ", b.dtype(), " ",
              b.shape());
  Tensor y(a.shape(), DType::quint8);
  (params.engine == Engine::qnnpack ? add_qnnpack : add_fbgemm)(a.data<uint8_t>(), b.data<uint8_t>(), y.numel(), params,
                                                                y.data<uint8_t>());
  return y;
}

}  // namespace octet::ops::int8
