// Quantized addition (+ relu) of two tensors with their own scales: y = quantize(dequantize(a) + dequantize(b)).
//
//   fbgemm   float32: a*sa + (-za*sa) fused, likewise b; the sum times (1/sy); rne; + zy
//            (ATen/native/quantized/cpu/kernels/QuantizedOpKernels.cpp, qadd_kernel, its vectorised body)
//   qnnpack  fixed point: A = sa/sy, B = sb/sy, shift = 21 - floor(log2(max(A, B))), ma = rne(A * 2^shift), mb likewise;
//            acc = (a - za)*ma + (b - zb)*mb; y = acc / 2^shift rounded half away from zero for positives, + zy
//            (ATen/native/quantized/cpu/qnnpack/src/qnnpack/requantization.h, pytorch_qnnp_compute_add_quantization_params)
// Shapes are equal, quint8. PyTorch counterpart: torch.ops.quantized.add, add_relu.
#pragma once

#include "ops/int8/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

struct AddParams {
  QParams a, b, output;
  bool relu = false;
  Engine engine = Engine::qnnpack;
};

Tensor add(const Tensor& a, const Tensor& b, const AddParams& params);

}  // namespace octet::ops::int8
