#include "networks/onnx/int8_patterns.h"

#include <algorithm>

#include "networks/onnx/channel_scales.h"
#include "networks/onnx/int8_forms.h"
#include "nn/graph/ops/quantize.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;
using ops::int8::QParams;

/// A layer is computed once for each scale that its result is quantized to; a file that asks for more has it in float.
constexpr int kMostCopies = 4;

/// The Dequantize whose values an input is, with or without factors of channels; or null.
const nn::Node* dequantize_of(const nn::Node& input) {
  const nn::Node& node = channel_factors(input) ? *input.inputs.at(0) : input;
  return nn::is<op::Dequantize>(node.op) ? &node : nullptr;
}

bool reads_codes(const nn::Node& node) {
  return !node.inputs.empty() &&
         std::ranges::all_of(node.inputs, [](const nn::Node* input) { return dequantize_of(*input) != nullptr; });
}

}  // namespace

Patterns::Patterns(const Network& network, ops::int8::Engine engine) : network_(network), engine_(engine) {
  for (const nn::Node& node : network.graph.nodes())
    for (const nn::Node* input : node.inputs) ++readers_[input];
}

/// What is there, be it one of octet's int8 ops or not.
Pattern Patterns::found(const nn::Node& quantize) const {
  Pattern pattern{.call = quantize.inputs.at(0)};
  if (channel_factors(*pattern.call) && is_read_once(*pattern.call)) {
    pattern.factors = pattern.call;
    pattern.call = pattern.call->inputs.at(0);
  }
  while ((is_clamp(pattern.call->op) || moves_values(pattern.call->op)) && !reads_codes(*pattern.call) &&
         is_read_once(*pattern.call->inputs.at(0))) {
    pattern.rest.insert(pattern.rest.begin(), pattern.call);
    pattern.call = pattern.call->inputs.at(0);
  }
  return pattern;
}

std::optional<Pattern> Patterns::before(const nn::Node& quantize) const {
  Pattern pattern = found(quantize);
  const nn::Node& call = *pattern.call;
  const QParams output = nn::get<op::Quantize>(quantize.op).to;
  if (const auto* same = nn::get_if<op::Dequantize>(call.op); same && pattern.rest.empty() && !pattern.factors) {
    pattern.codes = {call.inputs.at(0)};
    if (same->from != output) pattern.int8.push_back(rescaled(same->from, output));
    return pattern;
  }
  const bool is_copied = nn::info(call.op).has_weight && readers_.at(quantize.inputs[0]) > kMostCopies;
  if (is_copied || !reads_codes(call) || !belong_together(quantize, pattern)) return std::nullopt;
  for (const nn::Node* input : call.inputs) pattern.codes.push_back(dequantize_of(*input)->inputs.at(0));
  auto ops = int8_ops(pattern, output);
  if (!ops) return std::nullopt;
  pattern.int8 = std::move(*ops);
  return pattern;
}

/// octet's own files say which float ops were one node: all have its name, and so have its codes.
bool Patterns::belong_together(const nn::Node& quantize, const Pattern& pattern) const {
  const auto same = [&](const nn::Node* node) { return node->target == quantize.target; };
  return !network_.by_octet || (same(pattern.call) && std::ranges::all_of(pattern.rest, same));
}

std::optional<std::vector<nn::Op>> Patterns::int8_ops(const Pattern& pattern, QParams output) const {
  op::Int8Form form{.in = {}, .output = output, .engine = engine_};
  bool scaled = pattern.factors != nullptr;
  for (const nn::Node* input : pattern.call->inputs) {
    form.in.push_back(nn::get<op::Dequantize>(dequantize_of(*input)->op).from);
    scaled = scaled || channel_factors(*input);
  }
  std::vector<nn::Op> rest;
  for (const nn::Node* node : pattern.rest) rest.push_back(node->op);
  const auto scale = network_.weight_scales.find(pattern.call);
  Layer layer{*pattern.call, scale == network_.weight_scales.end() ? std::vector<float>() : scale->second};
  if (scaled) {
    const auto behind = pattern.factors ? channel_factors(*pattern.factors) : std::nullopt;
    auto with = with_factors(layer, channel_factors(*pattern.call->inputs.at(0)), behind);
    if (!with || (behind && !alike_behind(rest, *behind, output.zero_point))) return std::nullopt;
    layer = std::move(*with);
  }
  try {
    return int8_forms(layer.node, layer.weight_scale, std::move(form), rest);
  } catch (const Error& error) {
    fail("node '", pattern.call->name, "': ", error.what());
  }
}

}  // namespace octet::networks::onnx
