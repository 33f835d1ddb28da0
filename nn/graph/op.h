// Op: what a node of a graph computes, one of the structs whose pages are in nn/graph/ops/. Here is the list of them all, and what
// the compiler checks of each (nn/graph/ops/page.h says what a page has).
//
// The float ops come from tracing a model, those on codes from quant/passes/convert.h.
#pragma once

#include <variant>

#include "nn/graph/ops/activation.h"
#include "nn/graph/ops/adaptive_avg_pool2d.h"
#include "nn/graph/ops/adaptive_max_pool2d.h"
#include "nn/graph/ops/add.h"
#include "nn/graph/ops/affine.h"
#include "nn/graph/ops/avg_pool2d.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/cat.h"
#include "nn/graph/ops/contiguous.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/conv_transpose2d.h"
#include "nn/graph/ops/dropout.h"
#include "nn/graph/ops/elu.h"
#include "nn/graph/ops/flatten.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/gelu.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/hardsigmoid.h"
#include "nn/graph/ops/hardswish.h"
#include "nn/graph/ops/hardtanh.h"
#include "nn/graph/ops/interpolate.h"
#include "nn/graph/ops/layer_norm.h"
#include "nn/graph/ops/leaky_relu.h"
#include "nn/graph/ops/linear.h"
#include "nn/graph/ops/max_pool2d.h"
#include "nn/graph/ops/mean.h"
#include "nn/graph/ops/mul.h"
#include "nn/graph/ops/pad.h"
#include "nn/graph/ops/permute.h"
#include "nn/graph/ops/prelu.h"
#include "nn/graph/ops/quantize.h"
#include "nn/graph/ops/relu.h"
#include "nn/graph/ops/relu6.h"
#include "nn/graph/ops/sigmoid.h"
#include "nn/graph/ops/silu.h"
#include "nn/graph/ops/slice.h"
#include "nn/graph/ops/softmax.h"
#include "nn/graph/ops/tanh.h"
#include "nn/graph/ops/view.h"

namespace octet::nn {

using Op = std::variant<op::Placeholder, op::Output, op::Function, op::Lowered, op::Quantize, op::Dequantize,  //
                        op::Conv2d, op::QuantizedConv2d,                                                       //
                        op::ConvTranspose2d, op::QuantizedConvTranspose2d,                                     //
                        op::Linear, op::QuantizedLinear,                                                       //
                        op::BatchNorm, op::QuantizedBatchNorm,                                                 //
                        op::Relu, op::QuantizedRelu,                                                           //
                        op::Relu6, op::QuantizedRelu6,                                                         //
                        op::Sigmoid, op::QuantizedSigmoid,                                                     //
                        op::Tanh, op::QuantizedTanh,                                                           //
                        op::Hardsigmoid, op::QuantizedHardsigmoid,                                             //
                        op::Hardswish, op::QuantizedHardswish,                                                 //
                        op::LeakyRelu, op::QuantizedLeakyRelu,                                                 //
                        op::Hardtanh, op::QuantizedHardtanh,                                                   //
                        op::Elu, op::QuantizedElu,                                                             //
                        op::Softmax, op::QuantizedSoftmax,                                                     //
                        op::LayerNorm, op::QuantizedLayerNorm,                                                 //
                        op::GroupNorm, op::QuantizedInstanceNorm,                                              //
                        op::Affine, op::QuantizedAffine, op::PRelu,                                            //
                        op::Silu, op::Gelu, op::QuantizedActivation,                                           //
                        op::MaxPool2d, op::QuantizedMaxPool2d,                                                 //
                        op::AvgPool2d, op::QuantizedAvgPool2d,                                                 //
                        op::Mean, op::QuantizedMean,                                                           //
                        op::AdaptiveAvgPool2d, op::QuantizedAdaptiveAvgPool2d,                                 //
                        op::AdaptiveMaxPool2d,                                                                 //
                        op::Flatten, op::QuantizedFlatten,                                                     //
                        op::View, op::QuantizedView,                                                           //
                        op::Permute, op::QuantizedPermute,                                                     //
                        op::Contiguous, op::QuantizedContiguous,                                               //
                        op::Interpolate, op::QuantizedInterpolate,                                             //
                        op::Slice, op::Pad,                                                                    //
                        op::Dropout, op::QuantizedDropout,                                                     //
                        op::Add, op::QuantizedAdd,                                                             //
                        op::Mul, op::QuantizedMul,                                                             //
                        op::Cat, op::QuantizedCat>;

template <class T>
bool is(const Op& op) {
  return std::holds_alternative<T>(op);
}

inline const op::Info& info(const Op& op) {
  return std::visit([](const auto& o) -> const op::Info& { return o.kInfo; }, op);
}

namespace op {

template <class T>
concept TakesCodes = T::kInfo.takes.value == Values::codes;
/// Computes with codes.
template <class T>
concept OnCodes = TakesCodes<T> || T::kInfo.gives.value == Values::codes;
/// A float op that has an int8 form.
template <class T>
concept Quantizable = !OnCodes<T> && T::kInfo.scale.value != Scale::none;
/// A layer with weights as codes.
template <class T>
concept HasInt8Layer = requires(const T& o) {
  o.layer->params().weight_scale;
};

/// Does the page of T say all that it must? What is missing is named by the assertion that fails.
template <class T>
consteval bool is_complete() {
  constexpr Scale scale = T::kInfo.scale;
  static_assert(
      requires(const T& o, const Parameters& p) {
        { o.describe(p) } -> std::same_as<Description>;
      },
      "describe()");
  static_assert(
      requires(const T& o, const Inputs& in) {
        { o.run(in) } -> std::same_as<Tensor>;
      },
      "run()");
  static_assert(
      !OnCodes<T> ||
          requires(const T& o, const Tensor& x) {
            { o.differs_from_fake_quant(x) } -> std::same_as<double>;
          },
      "differs_from_fake_quant()");
  static_assert(
      !(OnCodes<T> && says_output(scale)) ||
          requires(const T& o) {
            { o.output() } -> std::same_as<QParams>;
          },
      "output(), because its scale is its own");
  static_assert(
      !(TakesCodes<T> && (says_output(scale) || scale == Scale::fixed || !OnCodes<T>)) ||
          requires(const T& o) {
            { o.made_for() } -> std::same_as<std::vector<QParams>>;
          },
      "made_for(), because it computes values from codes");
  static_assert((scale == Scale::fixed) == (T::kInfo.fixed.scale > 0), "fixed, for Scale::fixed and for no other");
  static_assert(
      Quantizable<T> == requires(const T& o, const Int8Form& form) { o.to_int8(form); },
      "to_int8(), for a float op with a scale and for no other");
  return true;
}

template <class... T>
consteval bool all_complete(std::type_identity<std::variant<T...>>) {
  return (is_complete<T>() && ...);
}
static_assert(all_complete(std::type_identity<Op>{}));

}  // namespace op

/// Where a convolution or linear layer keeps its part in quantization-aware training; null for other ops.
inline std::shared_ptr<const op::Qat>* qat_slot(Op& op) {
  return std::visit(
      [](auto& o) -> std::shared_ptr<const op::Qat>* {
        if constexpr (requires { o.qat; })
          return &o.qat;
        else
          return nullptr;
      },
      op);
}
/// Null for other ops, and outside of such training.
inline const op::Qat* qat_of(const Op& op) {
  const auto* slot = qat_slot(const_cast<Op&>(op));
  return slot ? slot->get() : nullptr;
}

/// Of a layer whose weight that is.
inline int64_t output_channels(const Op& op, const Tensor& weight) {
  return std::visit(
      [&](const auto& o) {
        if constexpr (requires { o.output_channels(weight); })
          return o.output_channels(weight);
        else
          return weight.size(0);
      },
      op);
}

/// The weight codes of an int8 layer [K, ...]; undefined for other ops.
inline Tensor int8_weight(const Op& op) {
  return std::visit(
      []<class T>(const T& o) -> Tensor {
        if constexpr (op::HasInt8Layer<T>)
          return o.layer->params().weight;
        else
          return {};
      },
      op);
}

}  // namespace octet::nn
