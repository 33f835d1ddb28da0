// Every op's page, and how each of them is asked: visit.
#pragma once

#include <type_traits>

#include "nn/graph/op.h"
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

template <class F, class AnyOp, class First, class... Rest>
decltype(auto) visit(F& f, AnyOp& op, List<First, Rest...>) {
  constexpr bool constant = std::is_const_v<AnyOp>;
  using Result = std::invoke_result_t<F&, std::conditional_t<constant, const First&, First&>>;
  using Call = Result (*)(F&, AnyOp&);
  static constexpr Call kCalls[] = {[](F& call, AnyOp& o) -> Result { return call(*o.template get_if<First>()); },
                                    [](F& call, AnyOp& o) -> Result { return call(*o.template get_if<Rest>()); }...};
  return kCalls[op.place()](f, op);
}

}  // namespace op

/// f(o), where o is the op's struct: std::visit. f must take each of them and give the same type for all.
template <class F>
decltype(auto) visit(F&& f, const Op& op) {
  return op::visit(f, op, op::All{});
}
template <class F>
decltype(auto) visit(F&& f, Op& op) {
  return op::visit(f, op, op::All{});
}

}  // namespace octet::nn
