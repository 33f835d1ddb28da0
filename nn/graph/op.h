// What a call computes: one struct per op with its attributes, and the variant of them all.
//
// Recordings and graphs name their work with these; nn/graph/executor.cpp turns each into the function of ops/ that does it.
// The float ops come from tracing a model, the quantized ones from quant/passes/convert.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ops/int8/add.h"
#include "ops/int8/conv2d.h"
#include "ops/int8/linear.h"
#include "ops/options.h"

namespace octet::nn {

/// A module that lives outside nn and is called in a graph: observers and fake quantization of quant/.
class TensorFunction {
 public:
  virtual ~TensorFunction() = default;
  virtual Tensor operator()(const Tensor& x) = 0;
  /// Does it keep something of what it is called with? Then it matters in which batches that comes.
  virtual bool observes() const { return false; }
  /// As PyTorch prints it: "HistogramObserver(min_val=..., max_val=...)".
  virtual std::string to_string() const = 0;
};

namespace op {

using ops::int8::QParams;

struct Placeholder {};
struct Output {};

struct BatchNorm {
  float eps = 1e-5f;
  float momentum = 0.1f;
};

/// A layer in quantization-aware training: its weight goes through weight_fake_quant (null: a layer kept in float), and the batch
/// norm behind a convolution is inside, its tensors among the node's parameters as "bn.weight" and so on.
/// torch.ao.nn.qat.Conv2d, Linear; torch.ao.nn.intrinsic.qat.ConvBn2d, ConvBnReLU2d.
struct Qat {
  std::shared_ptr<TensorFunction> weight_fake_quant;
  std::optional<BatchNorm> batch_norm;
};

// float, [N, C, H, W] or [N, C]
struct Conv2d {
  ops::Conv2dOptions options;
  bool relu = false;
  std::shared_ptr<const Qat> qat = {};
};
struct Linear {
  bool relu = false;
  std::shared_ptr<const Qat> qat = {};
};
struct Relu {};
struct Relu6 {};
struct MaxPool2d {
  ops::MaxPool2dOptions options;
};
struct AdaptiveAvgPool2d {
  ops::Size2 output;
};
struct AdaptiveMaxPool2d {
  ops::Size2 output;
};
struct Flatten {};
struct Dropout {
  float p = 0.5f;
};
struct Add {};
struct Cat {};
/// Calls a TensorFunction: an observer, or fake quantization.
struct Function {
  std::shared_ptr<TensorFunction> function;
};
/// Made by nn/graph/passes/optimize_for_inference: what one or several ops above compute, in a form that is fast. Such graphs are only run.
struct Lowered {
  std::string description;  // "Conv2dAddReLU, channels last"
  std::function<Tensor(std::span<const Tensor>)> function;
  std::function<std::string(const Shape&)> algorithm = {};  // that an input of this shape is computed with; may be empty
};

// int8, quint8 [N, H, W, C] or [N, C]
struct Quantize {
  QParams output;
};
struct Dequantize {
  QParams input;
};
struct QuantizedConv2d {
  std::shared_ptr<const ops::int8::Conv2d> layer;
};
struct QuantizedLinear {
  std::shared_ptr<const ops::int8::Linear> layer;
};
struct QuantizedAdd {
  ops::int8::AddParams params;
};
struct QuantizedRelu {
  int32_t zero_point = 0;
};
struct QuantizedRelu6 {
  int32_t zero_point = 0, six = 255;  // the codes of 0 and 6
};
struct QuantizedMaxPool2d {
  ops::MaxPool2dOptions options;
};
struct QuantizedAdaptiveAvgPool2d {
  ops::Size2 output;
  QParams qparams;
  ops::int8::Engine engine = ops::int8::Engine::qnnpack;
};
struct QuantizedCat {
  std::vector<QParams> inputs;
  QParams output;
};
struct QuantizedFlatten {};
struct QuantizedDropout {
  float p = 0.5f;
};

}  // namespace op

using Op = std::variant<op::Placeholder, op::Output, op::Conv2d, op::Linear, op::BatchNorm, op::Relu, op::Relu6, op::MaxPool2d,
                        op::AdaptiveAvgPool2d, op::AdaptiveMaxPool2d, op::Flatten, op::Dropout, op::Add, op::Cat, op::Function,
                        op::Lowered, op::Quantize, op::Dequantize, op::QuantizedConv2d, op::QuantizedLinear, op::QuantizedAdd,
                        op::QuantizedRelu, op::QuantizedRelu6, op::QuantizedMaxPool2d, op::QuantizedAdaptiveAvgPool2d,
                        op::QuantizedCat, op::QuantizedFlatten, op::QuantizedDropout>;

template <class T>
bool is(const Op& op) {
  return std::holds_alternative<T>(op);
}

/// Where a convolution or linear layer keeps its part in quantization-aware training; null for other ops.
inline std::shared_ptr<const op::Qat>* qat_slot(Op& op) {
  if (auto* conv = std::get_if<op::Conv2d>(&op)) return &conv->qat;
  if (auto* linear = std::get_if<op::Linear>(&op)) return &linear->qat;
  return nullptr;
}
/// Null where there is none.
inline const op::Qat* qat_of(const Op& op) {
  if (const auto* conv = std::get_if<op::Conv2d>(&op)) return conv->qat.get();
  if (const auto* linear = std::get_if<op::Linear>(&op)) return linear->qat.get();
  return nullptr;
}

}  // namespace octet::nn
