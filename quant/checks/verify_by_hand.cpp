// Each step of an int8 convolution as a plain loop that uses none of the int8 kernels:
//   quantize_by_hand   image [C, H, W] -> codes
//   im2col             codes [C, H, W] -> columns [C*R*S, P*Q], padded with the zero point
//   integer_matmul     [K, C*R*S] x [C*R*S, P*Q] -> sums [K, P*Q], int32
//   code_of_sum        sum and bias -> the output in steps of its scale; then rounded, moved by the zero point and clamped: rounding.h
// The answers must be the layer's codes, all of them. PyTorch counterpart: none; it is the quantization notebook's im2col and
// integer matrix product.
#include "quant/checks/verify_by_hand.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/linear.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/im2col.h"
#include "quant/explain/rounding.h"

namespace octet::quant {
namespace {

using ops::int8::Conv2dParams;
using ops::int8::LayerRule;

/// q = clamp(rne(x * (1/scale)) + zero_point, 0, 255)
std::vector<int32_t> quantize_by_hand(const float* x, int64_t n, float scale, int32_t zero_point) {
  std::vector<int32_t> q;
  for (int64_t i = 0; i < n; ++i) {
    const float code = std::nearbyint(x[i] * (1.0f / scale)) + static_cast<float>(zero_point);
    q.push_back(static_cast<int32_t>(std::clamp(code, 0.0f, 255.0f)));
  }
  return q;
}

/// y[k][p] = sum over i of w[k][i] * (columns[i][p] - zero_point)        [K, CRS] x [CRS, PQ] -> [K, PQ]
std::vector<int32_t> integer_matmul(const int8_t* w, const std::vector<int32_t>& columns, int64_t K, int64_t depth,
                                    int64_t pixels, int32_t zero_point) {
  std::vector<int32_t> y(static_cast<size_t>(K * pixels), 0);
  for (int64_t k = 0; k < K; ++k)
    for (int64_t i = 0; i < depth; ++i)
      for (int64_t p = 0; p < pixels; ++p)
        y[static_cast<size_t>(k * pixels + p)] += w[k * depth + i] * (columns[static_cast<size_t>(i * pixels + p)] - zero_point);
  return y;
}

/// The whole layer on one image: codes of the output, [K, P, Q].
std::vector<int> layer_by_hand(const Conv2dParams& layer, LayerRule rule, const std::vector<int32_t>& image,
                               const ops::Im2colShape& shape) {
  const int64_t K = layer.weight.size(0), pixels = shape.cols();
  std::vector<int32_t> columns(static_cast<size_t>(shape.rows() * pixels));
  ops::im2col(image.data(), shape, layer.input.zero_point, columns.data());
  const auto acc = integer_matmul(layer.weight.data<int8_t>(), columns, K, shape.rows(), pixels, layer.input.zero_point);

  std::vector<int> y;
  for (int64_t k = 0; k < K; ++k)
    for (int64_t p = 0; p < pixels; ++p)
      y.push_back(code_of_sum(acc[static_cast<size_t>(k * pixels + p)], layer, rule, k, K, {}));
  return y;
}

/// The input whose codes, in their order, are those of the node; null where it computes others.
const nn::Node* input_with_codes_of(const nn::Node& node) {
  const nn::Node* from = &node;
  while (nn::is<nn::op::QuantizedFlatten>(from->op) || nn::is<nn::op::QuantizedDropout>(from->op)) from = from->inputs[0];
  const bool is_input = nn::is<nn::op::Quantize>(from->op) && from->inputs[0]->kind == nn::NodeKind::placeholder;
  return is_input ? from->inputs[0] : nullptr;
}

/// The first int8 layer: a convolution of an image of that shape, which is an input of the graph.
struct FirstLayer {
  const nn::Node* node;
  Conv2dParams layer;
  LayerRule rule;
  Shape shape;
  Tensor image;
};

std::optional<FirstLayer> first_layer(const nn::Graph& graph, const nn::Batch& batch) {
  const std::vector<const nn::Node*> inputs = graph.placeholders();
  for (const nn::Node& node : graph.nodes()) {
    const nn::Node* input = node.inputs.size() == 1 ? input_with_codes_of(*node.inputs[0]) : nullptr;
    if (input == nullptr) continue;
    const Tensor& image = batch.inputs.at(static_cast<size_t>(std::ranges::find(inputs, input) - inputs.begin()));
    if (const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op)) {
      const Conv2dParams& layer = conv->layer->params();
      return FirstLayer{&node, layer, ops::int8::conv2d_rule(layer.engine, layer.options.groups), image.shape(), image};
    }
    if (const auto* linear = nn::get_if<nn::op::QuantizedLinear>(node.op)) {  // of one pixel
      Conv2dParams layer{linear->layer->params(), {}};
      const int64_t K = layer.weight.size(0), C = layer.weight.size(1);
      layer.weight = layer.weight.reshape({K, C, 1, 1});
      return FirstLayer{&node, layer, ops::int8::rules_of(layer.engine).linear, {1, C, 1, 1}, image};
    }
  }
  return std::nullopt;
}

std::vector<int> first_ten(const auto& values) {
  return {values.begin(), values.begin() + std::min<std::ptrdiff_t>(10, std::ssize(values))};
}

}  // namespace

std::optional<HandCheck> verify_first_layer(const nn::Graph& graph, const nn::Batch& batch) {
  const std::optional<FirstLayer> first = first_layer(graph, batch);
  if (!first) return std::nullopt;
  const Conv2dParams& layer = first->layer;
  const Tensor& image = first->image;
  OCTET_CHECK(layer.options.groups == 1 && image.dim() >= 2 && image.size(0) == 1,
              "verify: expected one image and a layer without groups, got ", image.shape(), " and ", layer.options.groups,
              " groups");

  Tensor by_layer;
  nn::run_all(graph, batch, [&](const nn::Node& node, const Tensor& result) {
    if (&node == first->node) by_layer = to_channels_first(result);
  });
  const auto input = quantize_by_hand(image.data<float>(), image.numel(), layer.input.scale, layer.input.zero_point);
  const auto by_hand =
      layer_by_hand(layer, first->rule, input, ops::conv2d_shape(first->shape, layer.weight.shape(), layer.options));

  const uint8_t* codes = by_layer.data<uint8_t>();
  HandCheck check{.rule = first->rule, .equal = 0, .total = by_layer.numel()};
  for (int64_t i = 0; i < check.total; ++i) {
    const int difference = std::abs(by_hand[static_cast<size_t>(i)] - codes[i]);
    check.equal += difference == 0;
    check.largest_difference = std::max(check.largest_difference, difference);
  }
  check.input = first_ten(input);
  check.by_hand = first_ten(by_hand);
  check.by_layer = first_ten(std::span(codes, static_cast<size_t>(check.total)));
  return check;
}

}  // namespace octet::quant
