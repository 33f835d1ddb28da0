#include "nn/functional.h"

#include <algorithm>

#include "nn/graph/ops.h"
#include "nn/on_backward.h"
#include "nn/recorded.h"
#include "ops/batch_norm.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/winograd.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"

namespace octet::nn::functional {
Value conv2d(const Value& x, const Value& weight, const Value& bias, const ops::Conv2dOptions& o) {
  const bool fast = Recording::active_for_backward() && !bias.defined() && !x.tensor().on_cuda() &&
                    ops::winograd_applies(weight.tensor().shape(), o);
  Value y = recorded(op::Conv2d{o}, "conv2d", {x}, {{"weight", weight}, {"bias", bias}},
                     fast ? ops::conv2d_winograd(x.tensor(), weight.tensor())
                          : ops::conv2d(x.tensor(), weight.tensor(), tensor_or_undefined(bias), o));
  on_backward(y, {x, weight, bias}, [&] {
    return [o, fast, in = x.tensor(), w = weight.tensor(), dx = sink_of(x), dw = sink_of(weight), db = sink_of(bias)](Tensor dy) {
      const ops::Conv2dWanted needed{wanted(dx), wanted(dw), wanted(db)};
      ops::Conv2dGradients d =
          fast ? ops::conv2d_winograd_backward(dy, in, w, needed) : ops::conv2d_backward(dy, in, w, o, needed);
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
      give(db, std::move(d.bias));
    };
  });
  return y;
}

Value linear(const Value& x, const Value& weight, const Value& bias) {
  Value y = recorded(op::Linear{}, "linear", {x}, {{"weight", weight}, {"bias", bias}},
                     ops::linear(x.tensor(), weight.tensor(), tensor_or_undefined(bias)));
  on_backward(y, {x, weight, bias}, [&] {
    return [in = x.tensor(), w = weight.tensor(), dx = sink_of(x), dw = sink_of(weight), db = sink_of(bias)](Tensor dy) {
      ops::LinearGradients d = ops::linear_backward(dy, in, w, {wanted(dx), wanted(dw), wanted(db)});
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
      give(db, std::move(d.bias));
    };
  });
  return y;
}

namespace {

Value batch_norm_training(const Value& x, const BatchNormValues& v, const op::BatchNorm& o) {
  const ops::BatchStatistics statistics = ops::batch_statistics(x.tensor());
  Tensor running_mean = v.running_mean.tensor(), running_var = v.running_var.tensor();  // handles: the layer's own bytes
  ops::update_running(statistics, o.momentum, running_mean, running_var);
  Value y(ops::batch_norm_training(x.tensor(), {v.weight.tensor(), v.bias.tensor(), {}, {}, o.eps}, statistics));
  on_backward(y, {x, v.weight, v.bias}, [&] {
    return [statistics, eps = o.eps, in = x.tensor(), w = v.weight.tensor(), dx = sink_of(x), dw = sink_of(v.weight),
            db = sink_of(v.bias)](Tensor dy) {
      ops::BatchNormGradients d = ops::batch_norm_backward(dy, in, w, statistics, eps);
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
      give(db, std::move(d.bias));
    };
  });
  return y;
}

}  // namespace

Value batch_norm(const Value& x, const BatchNormValues& v, const op::BatchNorm& options, Mode mode) {
  if (mode == Mode::train) return batch_norm_training(x, v, options);
  const ops::BatchNormParams params{v.weight.tensor(), v.bias.tensor(), v.running_mean.tensor(), v.running_var.tensor(),
                                    options.eps};
  op::BatchNorm op = options;
  op.dims = x.tensor().dim() == 2 ? 1 : 2;
  Value y = recorded(op, "batch_norm", {x},
                     {{"weight", v.weight}, {"bias", v.bias}, {"running_mean", v.running_mean}, {"running_var", v.running_var}},
                     ops::batch_norm(x.tensor(), params));
  on_backward(y, {x, v.weight, v.bias}, [&] {
    return [params, in = x.tensor(), dx = sink_of(x), dw = sink_of(v.weight), db = sink_of(v.bias)](Tensor dy) {
      ops::BatchNormGradients d = ops::batch_norm_frozen_backward(dy, in, params);
      give(dx, std::move(d.x));
      give(dw, std::move(d.weight));
      give(db, std::move(d.bias));
    };
  });
  return y;
}

namespace {

/// The activation `f`, whose result is already there, as a call of `op`.
Value activated(Op op, ops::Activation f, const Value& x, Tensor result) {
  Value y = recorded(std::move(op), name_of(f), {x}, {}, std::move(result));
  on_backward(y, {x}, [&] {
    const Tensor& saved = ops::saved_by(f) == ops::Saved::result ? y.tensor() : x.tensor();
    return [f, saved, dx = sink_of(x)](Tensor dy) {
      if (!dy.unique()) dy = dy.clone();
      ops::activation_backward_(f, dy, saved);
      give(dx, std::move(dy));
    };
  });
  return y;
}

Value activated(Op op, ops::Activation f, const Value& x) { return activated(std::move(op), f, x, ops::activate(f, x.tensor())); }

Value add_of(const Value& a, const Value& b, Tensor result) {
  Value y = recorded(op::Add{}, "add", {a, b}, {}, std::move(result));
  on_backward(y, {a, b}, [&] {
    return [da = sink_of(a), db = sink_of(b)](Tensor dy) {
      give(da, dy);
      give(db, std::move(dy));
    };
  });
  return y;
}

Value max_pooled(const Value& x, const std::optional<ops::MaxPool2dOptions>& windows, ops::MaxPooled pooled) {
  Value y(std::move(pooled.y));
  on_backward(y, {x}, [&] {
    return [windows, indices = pooled.indices, shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) {
      give(dx, ops::max_pool2d_backward(dy, indices, shape, windows));
    };
  });
  return y;
}

}  // namespace

Value relu(const Value& x) { return activated(op::Relu{}, ops::Activation::relu, x); }
Value relu6(const Value& x) { return activated(op::Relu6{}, ops::Activation::relu6, x); }
Value sigmoid(const Value& x) { return activated(op::Sigmoid{}, ops::Activation::sigmoid, x); }
Value tanh(const Value& x) { return activated(op::Tanh{}, ops::Activation::tanh, x); }
Value hardsigmoid(const Value& x) { return activated(op::Hardsigmoid{}, ops::Activation::hardsigmoid, x); }
Value hardswish(const Value& x) { return activated(op::Hardswish{}, ops::Activation::hardswish, x); }
Value silu(const Value& x) { return activated(op::Silu{}, ops::Activation::silu, x); }
Value gelu(const Value& x, bool by_tanh) {
  return activated(op::Gelu{by_tanh}, by_tanh ? ops::Activation::gelu_tanh : ops::Activation::gelu, x);
}
Value hardtanh(const Value& x, float low, float high) {
  return activated(op::Hardtanh{low, high}, {ops::Activation::hardtanh, low, high}, x);
}
Value elu(const Value& x, float alpha) { return activated(op::Elu{alpha}, {ops::Activation::elu, alpha}, x); }
Value leaky_relu(const Value& x, float negative_slope) {
  return activated(op::LeakyRelu{negative_slope}, {ops::Activation::leaky_relu, negative_slope}, x);
}

Value relu_(const Value& x) {
  if (!may_overwrite(x)) return relu(x);
  Tensor same = x.tensor();
  ops::relu_(same);
  return activated(op::Relu{}, ops::Activation::relu, x, same);
}

Value max_pool2d(const Value& x, const ops::MaxPool2dOptions& o) {
  if (Recording::active_for_backward()) return max_pooled(x, o, ops::max_pool2d_with_indices(x.tensor(), o));
  return recorded(op::MaxPool2d{o}, "max_pool2d", {x}, {}, ops::max_pool2d(x.tensor(), o));
}

Value avg_pool2d(const Value& x, const ops::AvgPool2dOptions& o) {
  Value y = recorded(op::AvgPool2d{o}, "avg_pool2d", {x}, {}, ops::avg_pool2d(x.tensor(), o));
  on_backward(y, {x}, [&] {
    return [o, shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) { give(dx, ops::avg_pool2d_backward(dy, shape, o)); };
  });
  return y;
}

Value view_channels(const Value& x, const std::vector<int64_t>& channels) {
  Value y = recorded(op::View{channels}, "view", {x}, {}, ops::view_channels(x.tensor(), channels));
  on_backward(y, {x}, [&] { return [shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) { give(dx, dy.reshape(shape)); }; });
  return y;
}

Value permute_channels(const Value& x, const std::vector<int64_t>& dims) {
  Value y = recorded(op::Permute{dims}, "permute", {x}, {}, ops::permute_channels(x.tensor(), dims));
  on_backward(y, {x}, [&] {
    return [back = ops::inverse_order(dims), dx = sink_of(x)](Tensor dy) { give(dx, ops::permute_channels(dy, back)); };
  });
  return y;
}

Value slice_channels(const Value& x, int64_t begin, int64_t end) {
  Value y = recorded(op::Slice{begin, end}, "getitem", {x}, {}, ops::slice_channels(x.tensor(), begin, end));
  on_backward(y, {x}, [&] {
    return [begin, shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) {
      give(dx, ops::slice_channels_backward(dy, shape, begin));
    };
  });
  return y;
}

Value mean(const Value& x, bool keepdim) {
  Value y = recorded(op::Mean{keepdim, true}, "mean", {x}, {}, ops::mean(x.tensor(), keepdim));
  on_backward(y, {x}, [&] {
    return [shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) {
      give(dx, ops::adaptive_avg_pool2d_backward(dy.reshape({shape[0], shape[1], 1, 1}), shape));
    };
  });
  return y;
}

Value mul(const Value& a, const Value& b) {
  Value y = recorded(op::Mul{}, "mul", {a, b}, {}, ops::multiply(a.tensor(), b.tensor()));
  on_backward(y, {a, b}, [&] {
    return [x = a.tensor(), g = b.tensor(), da = sink_of(a), db = sink_of(b)](Tensor dy) {
      if (wanted(da)) give(da, ops::sum_to(ops::multiply(dy, g), x.shape()));
      if (wanted(db)) give(db, ops::sum_to(ops::multiply(dy, x), g.shape()));
    };
  });
  return y;
}

Value adaptive_avg_pool2d(const Value& x, ops::Size2 output) {
  Value y = recorded(op::AdaptiveAvgPool2d{output}, "adaptive_avg_pool2d", {x}, {}, ops::adaptive_avg_pool2d(x.tensor(), output));
  on_backward(y, {x}, [&] {
    return [shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) { give(dx, ops::adaptive_avg_pool2d_backward(dy, shape)); };
  });
  return y;
}

Value adaptive_max_pool2d(const Value& x, ops::Size2 output) {
  if (Recording::active_for_backward())
    return max_pooled(x, std::nullopt, ops::adaptive_max_pool2d_with_indices(x.tensor(), output));
  return recorded(op::AdaptiveMaxPool2d{output}, "adaptive_max_pool2d", {x}, {}, ops::adaptive_max_pool2d(x.tensor(), output));
}

Value dropout(const Value& x, float p, Mode mode) {
  Recording* recording = Recording::active_for_backward();
  if (!recording) return recorded(op::Dropout{p}, "dropout", {x}, {}, x.tensor());
  if (mode == Mode::eval) return x;
  ops::Dropped dropped = ops::dropout(x.tensor(), p, recording->generator());
  Value y(std::move(dropped.y));
  on_backward(y, {x},
              [&] { return [scale = dropped.scale, dx = sink_of(x)](Tensor dy) { give(dx, ops::multiply(dy, scale)); }; });
  return y;
}

namespace {

Value flattened_as(const char* function, const Value& x) {
  Value y = recorded(op::Flatten{}, function, {x}, {}, ops::flatten(x.tensor()));
  on_backward(y, {x}, [&] { return [shape = x.tensor().shape(), dx = sink_of(x)](Tensor dy) { give(dx, dy.reshape(shape)); }; });
  return y;
}

}  // namespace

Value flatten(const Value& x) { return flattened_as("flatten", x); }

Value view(const Value& x) { return flattened_as("view", x); }

Value add(const Value& a, const Value& b) { return add_of(a, b, ops::add(a.tensor(), b.tensor())); }

Value add_(const Value& a, const Value& b) {
  if (!may_overwrite(a)) return add(a, b);
  Tensor same = a.tensor();
  ops::add_(same, b.tensor());
  return add_of(a, b, same);
}

Value cat(std::span<const Value> parts) {
  std::vector<Tensor> tensors;
  std::vector<int64_t> channels;
  std::vector<Sink> sinks;
  for (const Value& part : parts) {
    tensors.push_back(part.tensor());
    channels.push_back(part.tensor().size(1));
    sinks.push_back(sink_of(part));
  }
  Value y = recorded(op::Cat{}, "cat", {parts.begin(), parts.end()}, {}, ops::cat_channels(tensors));
  const auto first = std::find_if(parts.begin(), parts.end(), [](const Value& v) { return wanted(v); });
  on_backward(y, {first == parts.end() ? parts[0] : *first}, [&] {
    return [channels, sinks](Tensor dy) {
      std::vector<Tensor> d = ops::split_channels(dy, channels);
      for (size_t i = 0; i < d.size(); ++i) give(sinks[i], std::move(d[i]));
    };
  });
  return y;
}

Value cross_entropy(const Value& logits, std::span<const int> labels, const ops::CrossEntropyOptions& options) {
  Value loss(Tensor::full({}, ops::cross_entropy(logits.tensor(), labels, options)));
  on_backward(loss, {logits}, [&] {
    return [options, in = logits.tensor(), classes = std::vector<int>(labels.begin(), labels.end()),
            dx = sink_of(logits)](Tensor dy) {
      Tensor d = ops::cross_entropy_backward(in, classes, options);
      ops::scale_(d, dy.data<float>()[0]);
      give(dx, std::move(d));
    };
  });
  return loss;
}

}  // namespace octet::nn::functional
