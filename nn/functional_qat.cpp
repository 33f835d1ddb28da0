// What quantization-aware training adds to the functions of nn/functional.h; nn/graph_module.h says what for.
#include "nn/functional.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/on_backward.h"
#include "ops/batch_norm.h"
#include "ops/channels.h"
#include "ops/elementwise.h"
#include "ops/fake_quantize.h"

namespace octet::nn::functional {

Value fake_quantize(const Value& x, std::span<const ops::int8::QParams> qparams, ops::int8::CodeRange codes) {
  if (!Recording::active_for_backward() || !wanted(x)) return Value(ops::fake_quantize(x.tensor(), qparams, codes));
  ops::FakeQuantized result = ops::fake_quantize_training(x.tensor(), qparams, codes);
  Value y(std::move(result.y));
  on_backward(y, {x}, [&] {
    return [inside = std::move(result.inside), dx = sink_of(x)](Tensor dy) {
      if (!dy.unique()) dy = dy.clone();
      ops::fake_quantize_backward_(dy, inside);
      give(dx, std::move(dy));
    };
  });
  return y;
}

Value batch_norm_factor(const BatchNormValues& v, const op::BatchNorm& o) {
  const Tensor inverse_std = ops::inverse_std(v.running_var.tensor(), o.eps);
  Value y(ops::multiply(v.weight.tensor(), inverse_std));
  on_backward(y, {v.weight},
              [&] { return [inverse_std, dw = sink_of(v.weight)](Tensor dy) { give(dw, ops::multiply(dy, inverse_std)); }; });
  return y;
}

Value multiply_slices(const Value& w, const Value& factor) {
  Value y(ops::multiply_slices(w.tensor(), factor.tensor()));
  on_backward(y, {w, factor}, [&] {
    return [in = w.tensor(), f = factor.tensor(), dw = sink_of(w), df = sink_of(factor)](Tensor dy) {
      if (wanted(df)) give(df, ops::dot_slices(dy, in));
      if (wanted(dw)) give(dw, ops::multiply_slices(dy, f));
    };
  });
  return y;
}

Value divide_channels_(const Value& x, const Value& factor) {
  Tensor result = may_overwrite(x) ? x.tensor() : x.tensor().clone();
  ops::divide_channels_(result, factor.tensor());
  Value y(result);
  on_backward(y, {x, factor}, [&] {
    return [out = y.tensor(), f = factor.tensor(), dx = sink_of(x), df = sink_of(factor)](Tensor dy) {
      if (wanted(df)) {
        Tensor d = ops::dot_channels(dy, out);
        Tensor as_channels = d.reshape({1, d.numel()});  // the same bytes
        ops::divide_channels_(as_channels, f);
        ops::scale_(d, -1);
        give(df, std::move(d));
      }
      if (!dy.unique()) dy = dy.clone();
      ops::divide_channels_(dy, f);
      give(dx, std::move(dy));
    };
  });
  return y;
}

}  // namespace octet::nn::functional
