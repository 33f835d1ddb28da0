#include "quant/checks/compare.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "nn/graph/executor.h"
#include "nn/graph/print.h"
#include "ops/int8/quantize.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/output_qparams.h"

namespace octet::quant {
namespace {

CodeDifference difference(const Tensor& got, const Tensor& want) {
  OCTET_CHECK(got.shape() == want.shape(), "compare: int8 ", got.shape(), ", fake-quant ", want.shape());
  CodeDifference d{.codes = got.numel()};
  for (int64_t i = 0; i < got.numel(); ++i) {
    const int delta = got.data<uint8_t>()[i] - want.data<uint8_t>()[i];
    d.differing += delta != 0;
    d.largest = std::max<int64_t>(d.largest, std::abs(delta));
    d.sum += delta;
  }
  return d;
}

/// Mean of |e[k]|, see compare.h.
double expected_share(const ops::int8::QuantizedLayer& layer, const ops::int8::Requantization& r) {
  if (!layer.bias.defined() || r.epilogue != ops::int8::Epilogue::int32_bias) return 0;
  double sum = 0;
  const int64_t channels = layer.bias.numel();
  for (int64_t k = 0; k < channels; ++k) {
    const double scale = static_cast<double>(layer.input.scale) * ops::int8::scale_of(layer.weight_scale, k);
    const double steps = layer.bias.data<float>()[k] / scale;
    sum += std::abs(std::nearbyint(steps) - steps) * scale / layer.output.scale;
  }
  return sum / static_cast<double>(channels);
}

double expected_share_of(const nn::Op& op, const Tensor& input) {
  if (const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&op))
    return expected_share(conv->layer->params(), conv->layer->requantization());
  if (const auto* linear = std::get_if<nn::op::QuantizedLinear>(&op))
    return expected_share(linear->layer->params(), linear->layer->requantization());
  if (const auto* pool = std::get_if<nn::op::QuantizedAdaptiveAvgPool2d>(&op)) {
    const int64_t window = input.size(1) * input.size(2) / (pool->output.h * pool->output.w);  // input [N, H, W, C]
    return window % 2 == 0 ? 1.0 / static_cast<double>(window) : 0;
  }
  return 0;
}

/// What the fake-quant graph gives to each FakeQuantize, by its name.
std::unordered_map<std::string, Tensor> fake_values(const nn::Graph& fake, const Tensor& images) {
  std::unordered_map<const nn::Node*, std::vector<std::string>> wanted;  // by the node that makes the value
  for (const nn::Node& node : fake.nodes())
    if (fake_quantize_of(node)) wanted[node.inputs[0]].push_back(node.name);
  std::unordered_map<std::string, Tensor> values;
  for (const nn::Node& node : fake.nodes())
    if (node.kind == nn::NodeKind::placeholder)
      for (const std::string& name : wanted[&node]) values[name] = images;
  nn::run(fake, images, [&](const nn::Node& node, const Tensor& value) {
    for (const std::string& name : wanted[&node]) values[name] = value;
  });
  return values;
}

}  // namespace

std::vector<NodeComparison> compare(const nn::Graph& fake, const nn::Graph& int8, const Tensor& images) {
  const auto values = fake_values(fake, images);
  const auto codes_of = [&](const nn::Node& node) {
    return ops::int8::quantize(values.at(node.observer), *output_qparams(node));
  };
  std::vector<NodeComparison> rows;
  nn::run(int8, images, [&](const nn::Node& node, const Tensor& value) {
    if (node.observer.empty() || nn::is<nn::op::Quantize>(node.op)) return;
    std::vector<Tensor> inputs;
    for (const nn::Node* input : node.inputs) inputs.push_back(codes_of(*input));
    const Tensor want = codes_of(node);
    rows.push_back({.name = node.name,
                    .type = nn::type_name(node),
                    .local = difference(nn::run_node(node, inputs), want),
                    .overall = difference(value, want),
                    .expected = expected_share_of(node.op, inputs[0])});
  });
  return rows;
}

}  // namespace octet::quant
