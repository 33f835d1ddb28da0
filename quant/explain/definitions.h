// The definition of every op on codes: one output from the node's inputs, by plain arithmetic that uses none of the kernels of ops/. Each
// function has its formula above it. With a story it tells its numbers: that is what `explain` prints. A silent one checks all outputs.
//
//   layers.cpp      convolution, transposed convolution, linear
//   arithmetic.cpp  addition, multiplication, also with a number; batch norm
//   norms.cpp       layer norm, instance norm
//   pools.cpp       largest and average of a window, mean
//   functions.cpp   functions of one value, softmax
//   moves.cpp       quantize and dequantize, and what moves codes: cat, flatten, view, permute, interpolate
// An op without a definition does not compile (explain.cpp).
#pragma once

#include <span>

#include "nn/graph/ops.h"
#include "quant/explain/operand.h"
#include "quant/explain/story.h"

namespace octet::quant {

/// A node with its inputs, and the place of the output that is wanted.
struct Call {
  const nn::Node& node;
  std::span<const Operand> in;
  Place at;
};

int32_t code_of(const nn::op::QuantizedConv2d& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedConvTranspose2d& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedLinear& o, const Call& call, const Story& story);

int32_t code_of(const nn::op::QuantizedAdd& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedMul& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedAffine& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedBatchNorm& o, const Call& call, const Story& story);

int32_t code_of(const nn::op::QuantizedLayerNorm& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedInstanceNorm& o, const Call& call, const Story& story);

int32_t code_of(const nn::op::QuantizedMaxPool2d& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedAvgPool2d& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedAdaptiveAvgPool2d& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedMean& o, const Call& call, const Story& story);

int32_t code_of(const nn::op::QuantizedRelu& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedRelu6& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedHardtanh& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedSigmoid& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedTanh& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedHardsigmoid& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedHardswish& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedLeakyRelu& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedElu& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedActivation& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedSoftmax& o, const Call& call, const Story& story);

int32_t code_of(const nn::op::Quantize& o, const Call& call, const Story& story);
float value_of(const nn::op::Dequantize& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedCat& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedFlatten& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedView& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedPermute& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedContiguous& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedDropout& o, const Call& call, const Story& story);
int32_t code_of(const nn::op::QuantizedInterpolate& o, const Call& call, const Story& story);

}  // namespace octet::quant
