// Activations that files write in single steps, because older opsets have no operator for them:
//
//   GELU            x * (1 + erf(x / sqrt(2))) / 2
//   by tanh         x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
// torch.onnx.export writes the first up to opset 19, quant/formats/to_onnx.h both. Others are found while the graph is made, because they
// are a product of two values there (networks/onnx/elementwise.cpp).
#pragma once

#include "networks/onnx/model.h"

namespace octet::networks::onnx {

/// The same model with one Gelu for each.
Model with_gelus(const Model& model);

}  // namespace octet::networks::onnx
