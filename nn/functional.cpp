#include "nn/functional.h"

#include "ops/batch_norm.h"
#include "ops/conv2d.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"

namespace octet::nn::functional {
namespace {

/// Wraps an op's result and records the call, under the path of the layer that is running or else under the function's name.
Value recorded(Op op, const char* function, std::vector<Value> inputs, std::vector<NamedValue> parameters, Tensor result) {
  Value output(std::move(result));
  if (Recording* recording = Recording::active()) {
    std::erase_if(parameters, [](const NamedValue& p) { return !p.value.defined(); });
    const bool in_layer = !recording->layer_path.empty();
    recording->append(
        {std::move(op), std::move(inputs), std::move(parameters), output, in_layer ? recording->layer_path : function, in_layer});
  }
  return output;
}

Tensor tensor_or_undefined(const Value& value) { return value.defined() ? value.tensor() : Tensor(); }

Tensor flattened(const Tensor& x) { return x.reshape({x.size(0), x.size(0) ? x.numel() / x.size(0) : 0}); }

}  // namespace

Value conv2d(const Value& x, const Value& weight, const Value& bias, const ops::Conv2dOptions& options) {
  return recorded(op::Conv2d{options}, "conv2d", {x}, {{"weight", weight}, {"bias", bias}},
                  ops::conv2d(x.tensor(), weight.tensor(), tensor_or_undefined(bias), options));
}

Value linear(const Value& x, const Value& weight, const Value& bias) {
  return recorded(op::Linear{}, "linear", {x}, {{"weight", weight}, {"bias", bias}},
                  ops::linear(x.tensor(), weight.tensor(), tensor_or_undefined(bias)));
}

Value batch_norm(const Value& x, const BatchNormValues& v, const op::BatchNorm& options) {
  return recorded(options, "batch_norm", {x},
                  {{"weight", v.weight}, {"bias", v.bias}, {"running_mean", v.running_mean}, {"running_var", v.running_var}},
                  ops::batch_norm(x.tensor(), {v.weight.tensor(), v.bias.tensor(), v.running_mean.tensor(),
                                               v.running_var.tensor(), options.eps}));
}

Value relu(const Value& x) { return recorded(op::Relu{}, "relu", {x}, {}, ops::relu(x.tensor())); }

Value max_pool2d(const Value& x, const ops::MaxPool2dOptions& options) {
  return recorded(op::MaxPool2d{options}, "max_pool2d", {x}, {}, ops::max_pool2d(x.tensor(), options));
}

Value adaptive_avg_pool2d(const Value& x, ops::Size2 output) {
  return recorded(op::AdaptiveAvgPool2d{output}, "adaptive_avg_pool2d", {x}, {}, ops::adaptive_avg_pool2d(x.tensor(), output));
}

Value adaptive_max_pool2d(const Value& x, ops::Size2 output) {
  return recorded(op::AdaptiveMaxPool2d{output}, "adaptive_max_pool2d", {x}, {}, ops::adaptive_max_pool2d(x.tensor(), output));
}

Value dropout(const Value& x, float p) { return recorded(op::Dropout{p}, "dropout", {x}, {}, x.tensor()); }

Value flatten(const Value& x) { return recorded(op::Flatten{}, "flatten", {x}, {}, flattened(x.tensor())); }

Value view(const Value& x) { return recorded(op::Flatten{}, "view", {x}, {}, flattened(x.tensor())); }

Value add(const Value& a, const Value& b) { return recorded(op::Add{}, "add", {a, b}, {}, ops::add(a.tensor(), b.tensor())); }

Value cat(std::span<const Value> parts) {
  std::vector<Tensor> tensors;
  for (const Value& part : parts) tensors.push_back(part.tensor());
  return recorded(op::Cat{}, "cat", {parts.begin(), parts.end()}, {}, ops::cat_channels(tensors));
}

}  // namespace octet::nn::functional
