// Quantized addition (+ relu) of two tensors with their own scales: y = quantize(dequantize(a) + dequantize(b)).
//
//   real          float32: a*sa + (-za*sa) fused, likewise b; the sum times (1/sy); rne; + zy
//                 (fbgemm, oneDNN: ATen/native/quantized/cpu/kernels/QuantizedOpKernels.cpp, qadd_kernel, its vectorised body)
//   fixed point   A = sa/sy, B = sb/sy, shift = 21 - floor(log2(max(A, B))), ma = rne(A * 2^shift), mb likewise;
//                 acc = (a - za)*ma + (b - zb)*mb; y = acc / 2^shift rounded half away from zero, + zy
//                 (qnnpack: ATen/native/quantized/cpu/qnnpack/src/qnnpack/requantization.h, pytorch_qnnp_compute_add_quantization_params)
// Shapes are equal, quint8. PyTorch counterpart: torch.ops.quantized.add, add_relu.
#pragma once

#include "ops/cpu/qadd.h"
#include "ops/engines/addition.h"
#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

struct AddParams {
  QParams a, b, output;
  bool relu = false;
  Engine engine = Engine::qnnpack;
};

Tensor add(const Tensor& a, const Tensor& b, const AddParams& params);

/// The same for codes where they lie, with its constants made once.
class Addition {
 public:
  explicit Addition(const AddParams& params);

  /// y = a + b on this thread; y may be a or b.
  void operator()(const uint8_t* a, const uint8_t* b, const cpu::QAddRuns& runs, uint8_t* y) const;

  /// The engine's rule for two codes.
  const QAdd& rule() const { return rule_; }

 private:
  QAdd rule_;
};

}  // namespace octet::ops::int8
