#include "ops/int8/multiply.h"

#include <cmath>

#include "ops/cuda/gather.h"
#include "ops/support/broadcast.h"

namespace octet::ops::int8 {
namespace {

Tensor multiply_gate(const Tensor& x, const Tensor& gate, QParams qx, QParams qg, const MultiplyParams& p) {
  const Broadcast gate_of(x.shape(), gate.shape());
  Tensor y(x.shape(), DType::quint8, x.device());
  const float factor = p.a.scale * p.b.scale * (1.0f / p.output.scale);
  OCTET_CHECK(std::isfinite(factor), "int8 multiply: scales ", p.a.scale, " and ", p.b.scale, " are too far from ",
              p.output.scale);
  const QMultiply rule{qx.zero_point, qg.zero_point, factor, p.output.zero_point, {p.relu ? p.output.zero_point : 0, 255}};
  if (x.on_cuda()) return cuda::int8_multiply_gate(x, gate, gate_of, rule, y), y;
  const uint8_t *codes = x.data<uint8_t>(), *gates = gate.data<uint8_t>();
  uint8_t* out = y.data<uint8_t>();
#pragma omp parallel for
  for (int64_t row = 0; row < gate_of.rows(); ++row)
    gate_of.along(row, [&](int64_t i, int64_t g) { out[i] = rule(codes[i], gates[g]); });
  return y;
}

}  // namespace

Tensor multiply(const Tensor& a, const Tensor& b, const MultiplyParams& p) {
  for (const Tensor* t : {&a, &b})
    OCTET_CHECK(t->dtype() == DType::quint8, "int8 multiply: expected quint8, got ", t->dtype(), " ", t->shape());
  check_same_device("int8 multiply", {&a, &b});
  for (const QParams& q : {p.a, p.b, p.output}) check_qparams(q, DType::quint8, "int8 multiply");
  return is_gate_of(b.shape(), a.shape()) ? multiply_gate(a, b, p.a, p.b, p) : multiply_gate(b, a, p.b, p.a, p);
}

}  // namespace octet::ops::int8
