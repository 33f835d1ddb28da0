// What makes a model of ONNX an int8 one, and how it writes that:
//
//   QDQ         QuantizeLinear and DequantizeLinear around float operators: ONNX Runtime, NNCF, quant/formats/to_onnx.h
//   QOperator   QLinearConv, QGemm, ... with their scales as inputs: ONNX Runtime. They are written out as QDQ first
//
// to_graph() makes float ops of the operators, and Quantize and Dequantize between them; networks/onnx/to_int8.h makes int8 ops of these.
#pragma once

#include "networks/onnx/model.h"

namespace octet::networks::onnx {

/// Does it quantize what it computes? (Weights alone may be codes in a float network.)
bool is_int8(const Model& model);

/// The same computation with no other operators on codes than QuantizeLinear and DequantizeLinear. What it does not know stays, and is
/// refused by name later.
Model with_plain_codes(const Model& model);

/// QuantizeLinear or DequantizeLinear.
bool is_quantization(const Node& node);

}  // namespace octet::networks::onnx
