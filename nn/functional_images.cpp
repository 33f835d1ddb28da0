// The functions of nn/functional.h that make images of another size.
#include "nn/functional.h"
#include "nn/graph/ops/conv_transpose2d.h"
#include "nn/graph/ops/interpolate.h"
#include "nn/graph/ops/pad.h"
#include "nn/on_backward.h"
#include "nn/recorded.h"
#include "ops/conv/conv_transpose2d.h"

namespace octet::nn::functional {

Value conv_transpose2d(const Value& x, const Value& weight, const Value& bias, const ops::ConvTranspose2dOptions& o) {
  Value y = recorded(op::ConvTranspose2d{o}, "conv_transpose2d", {x}, {{"weight", weight}, {"bias", bias}},
                     ops::conv_transpose2d(x.tensor(), weight.tensor(), tensor_or_undefined(bias), o));
  on_backward(y, {x, weight, bias}, [&] {
    return [o, in = x.tensor(), w = weight.tensor(), dx = sink_of(x), dw = sink_of(weight), db = sink_of(bias)](Tensor dy) {
      ops::Conv2dGradients d = ops::conv_transpose2d_backward(dy, in, w, o, {wanted(dx), wanted(dw), wanted(db)});
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
      give(db, std::move(d.bias));
    };
  });
  return y;
}

Value interpolate(const Value& x, const ops::InterpolateOptions& o) {
  Value y = recorded(op::Interpolate{o}, "interpolate", {x}, {}, ops::interpolate(x.tensor(), o));
  on_backward(y, {x}, [&] {
    return [o, shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) { give(dx, ops::interpolate_backward(dy, shape, o)); };
  });
  return y;
}

Value pad(const Value& x, const ops::PadOptions& o) {
  Value y = recorded(op::Pad{o}, "pad", {x}, {}, ops::pad(x.tensor(), o));
  on_backward(y, {x}, [&] {
    return [o, shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) { give(dx, ops::pad_backward(dy, shape, o)); };
  });
  return y;
}

}  // namespace octet::nn::functional
