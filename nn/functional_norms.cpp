// The functions of nn/functional.h that look at all channels of an image, or scale each.
#include "nn/functional.h"
#include "nn/graph/ops/affine.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/layer_norm.h"
#include "nn/graph/ops/prelu.h"
#include "nn/graph/ops/softmax.h"
#include "nn/on_backward.h"
#include "nn/recorded.h"
#include "ops/layer_norm.h"
#include "ops/prelu.h"
#include "ops/softmax.h"

namespace octet::nn::functional {

Value prelu(const Value& x, const Value& weight) {
  Value y = recorded(op::PRelu{}, "prelu", {x}, {{"weight", weight}}, ops::prelu(x.tensor(), weight.tensor()));
  on_backward(y, {x, weight}, [&] {
    return [in = x.tensor(), w = weight.tensor(), dx = sink_of(x), dw = sink_of(weight)](Tensor dy) {
      ops::PReluGradients d = ops::prelu_backward(dy, in, w);
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
    };
  });
  return y;
}

Value softmax(const Value& x) {
  Value y = recorded(op::Softmax{}, "softmax", {x}, {}, ops::softmax(x.tensor()));
  on_backward(y, {x},
              [&] { return [result = y.tensor(), dx = sink_of(x)](Tensor dy) { give(dx, ops::softmax_backward(dy, result)); }; });
  return y;
}

namespace {

/// backward(dy): the gradients of a norm whose result is y.
template <class Backward>
Value normed(Value y, const Value& x, const Value& weight, const Value& bias, Backward backward) {
  on_backward(y, {x, weight, bias}, [&] {
    return [backward, dx = sink_of(x), dw = sink_of(weight), db = sink_of(bias)](Tensor dy) {
      ops::NormGradients d = backward(dy);
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
      give(db, std::move(d.bias));
    };
  });
  return y;
}

}  // namespace

Value layer_norm(const Value& x, const Value& weight, const Value& bias, const op::LayerNorm& o) {
  const Shape over(o.normalized_shape.begin(), o.normalized_shape.end());
  const Tensor &in = x.tensor(), w = tensor_or_undefined(weight), b = tensor_or_undefined(bias);
  Value y = recorded(o, "layer_norm", {x}, {{"weight", weight}, {"bias", bias}}, ops::layer_norm(in, over, w, b, o.eps));
  return normed(std::move(y), x, weight, bias,
                [=, eps = o.eps](const Tensor& dy) { return ops::layer_norm_backward(dy, in, over, w, b, eps); });
}

Value group_norm(const Value& x, const Value& weight, const Value& bias, const op::GroupNorm& o) {
  const Tensor &in = x.tensor(), w = tensor_or_undefined(weight), b = tensor_or_undefined(bias);
  const int64_t groups = o.groups == 0 && in.dim() > 1 ? in.size(1) : o.groups;
  Value y = recorded(o, o.groups ? "group_norm" : "instance_norm", {x}, {{"weight", weight}, {"bias", bias}},
                     ops::group_norm(in, groups, w, b, o.eps));
  return normed(std::move(y), x, weight, bias,
                [=, eps = o.eps](const Tensor& dy) { return ops::group_norm_backward(dy, in, groups, w, b, eps); });
}

Value affine(const Value& x, const Tensor& constant, const op::Affine& o) {
  const ops::BatchNormParams params = o.params(x.tensor(), constant);
  Value y = recorded(o, op::kAffineKinds[static_cast<size_t>(o.kind)], {x}, {{"constant", Value(constant)}},
                     ops::batch_norm(x.tensor(), params));
  on_backward(y, {x}, [&] {
    return [params, in = x.tensor(), dx = sink_of(x)](Tensor dy) { give(dx, ops::batch_norm_frozen_backward(dy, in, params).x); };
  });
  return y;
}

}  // namespace octet::nn::functional
