#include "networks/onnx/channel_scales.h"

#include <algorithm>
#include <cmath>

#include "networks/onnx/int8_forms.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/hardtanh.h"
#include "nn/graph/ops/relu.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

bool is_all(const Tensor& t, float number) {
  return std::all_of(t.data<float>(), t.data<float>() + t.numel(), [&](float v) { return v == number; });
}

/// Bounds of a clamp.
std::pair<float, float> bounds_of(const nn::Op& clamp) {
  if (const auto* hardtanh = nn::get_if<op::Hardtanh>(clamp)) return {hardtanh->low, hardtanh->high};
  return {0.0f, nn::is<op::Relu6>(clamp) ? 6.0f : INFINITY};
}

}  // namespace

std::optional<Tensor> channel_factors(const nn::Node& node) {
  const auto* norm = nn::get_if<op::BatchNorm>(node.op);
  if (norm == nullptr || norm->eps != 0 || norm->relu) return std::nullopt;
  const bool only =
      is_all(node.parameter("bias"), 0) && is_all(node.parameter("running_mean"), 0) && is_all(node.parameter("running_var"), 1);
  return only ? std::optional(node.parameter("weight")) : std::nullopt;
}

std::optional<Layer> with_factors(const Layer& layer, const std::optional<Tensor>& before, const std::optional<Tensor>& behind) {
  if (!nn::info(layer.node.op).has_weight || layer.weight_scale.empty()) return std::nullopt;
  Layer result = layer;
  Tensor weight = layer.node.parameter("weight").clone();
  const int64_t K = weight.size(0), row = weight.numel() / std::max<int64_t>(K, 1);
  int64_t per_channel = 0;  // outputs of each input channel
  if (before) {
    const auto* conv = nn::get_if<op::Conv2d>(layer.node.op);
    if (conv == nullptr || weight.size(1) != 1 || before->numel() != conv->options.groups || K % before->numel() != 0)
      return std::nullopt;
    per_channel = K / before->numel();
  }
  if ((behind && behind->numel() != K) || (layer.weight_scale.size() > 1 && std::ssize(layer.weight_scale) != K))
    return std::nullopt;
  Tensor bias = layer.node.parameter("bias");
  if (bias.defined()) bias = bias.clone();
  result.weight_scale.assign(static_cast<size_t>(K), 0);
  for (int64_t k = 0; k < K; ++k) {
    const float outer = behind ? behind->data<float>()[k] : 1,
                factor = outer * (before ? before->data<float>()[k / per_channel] : 1);
    for (int64_t i = k * row; i < (k + 1) * row; ++i) weight.data<float>()[i] *= factor;
    if (bias.defined()) bias.data<float>()[k] *= outer;
    result.weight_scale[static_cast<size_t>(k)] = ops::int8::scale_of(layer.weight_scale, k) * factor;
  }
  result.node.parameters["weight"] = weight;
  if (bias.defined()) result.node.parameters["bias"] = bias;
  return result;
}

bool alike_behind(std::vector<nn::Op>& rest, const Tensor& factors, int32_t zero_point) {
  constexpr float kLastCode = 255;
  const float *first = factors.data<float>(), *last = first + factors.numel(), z = static_cast<float>(zero_point);
  std::vector<nn::Op> alike;
  for (const nn::Op& clamp : rest) {
    if (nn::is<op::MaxPool2d>(clamp)) {
      alike.push_back(clamp);
      continue;
    }
    if (!is_clamp(clamp)) return false;
    const std::pair<float, float> bounds = bounds_of(clamp);
    const float low = bounds.first, high = bounds.second;
    const bool above = std::all_of(first, last, [&](float f) { return std::nearbyint(high * f) + z >= kLastCode; });
    const bool below = std::all_of(first, last, [&](float f) { return std::nearbyint(low * f) + z <= 0; });
    if (!above || (!below && low != 0)) return false;
    if (!below) alike.push_back(op::Relu{});
  }
  rest = std::move(alike);
  return true;
}

}  // namespace octet::networks::onnx
