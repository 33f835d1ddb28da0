#include "networks/onnx/move_codes.h"

#include <algorithm>
#include <optional>

#include "networks/onnx/int8_forms.h"
#include "nn/graph/ops/quantize.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;
using nn::Node;
using ops::int8::QParams;

/// Writes a Quantize and a Dequantize behind a node; the values that it gives then.
Node* through_codes(nn::Graph& graph, Node& node, QParams q) {
  Node* codes = graph.insert_after(
      &node, {.name = "quantize_per_tensor", .target = "quantize_per_tensor", .op = op::Quantize{q}, .inputs = {&node}});
  return graph.insert_after(codes, {.name = "dequantize", .target = "dequantize", .op = op::Dequantize{q}, .inputs = {codes}});
}

/// The scale of dequantized values that a node moves, or brings together.
std::optional<QParams> moved_scale(const Node& node) {
  if (!(moves_values(node.op) || nn::is<op::Relu>(node.op) || nn::is<op::Cat>(node.op))) return std::nullopt;
  std::optional<QParams> scale;
  for (const Node* input : node.inputs) {
    const auto* dequantize = nn::get_if<op::Dequantize>(input->op);
    if (dequantize == nullptr || (scale && *scale != dequantize->from)) return std::nullopt;
    scale = dequantize->from;
  }
  return scale;
}

/// Of dequantized values: what moves them gives values of codes, too.
void behind_moves(nn::Graph& graph) {
  for (Node& node : graph.nodes()) {
    const auto scale = moved_scale(node);
    const std::vector<Node*> users = scale ? graph.users(&node) : std::vector<Node*>();
    if (std::ranges::all_of(users, [](const Node* user) { return nn::is<op::Quantize>(user->op); })) continue;
    Node* again = through_codes(graph, node, *scale);
    for (Node* user : users) std::ranges::replace(user->inputs, &node, again);
  }
}

/// The cat whose values a Quantize reads, perhaps through what moves or clamps them; or null.
Node* cat_before(nn::Graph& graph, const Node& quantize) {
  Node* node = quantize.inputs.at(0);
  while ((moves_values(node->op) || is_clamp(node->op)) && graph.users(node).size() == 1) node = node->inputs.at(0);
  return nn::is<op::Cat>(node->op) && graph.users(node).size() == 1 ? node : nullptr;
}

/// Each part of a cat is quantized as the cat is.
void before_cats(nn::Graph& graph) {
  for (auto it = graph.nodes().rbegin(); it != graph.nodes().rend(); ++it) {
    const auto* quantize = nn::get_if<op::Quantize>(it->op);
    Node* cat = quantize ? cat_before(graph, *it) : nullptr;
    if (cat == nullptr) continue;
    for (Node*& part : cat->inputs)
      if (!nn::is<op::Dequantize>(part->op)) part = through_codes(graph, *part, quantize->to);
  }
}

}  // namespace

void move_codes(nn::Graph& graph) {
  before_cats(graph);
  behind_moves(graph);
}

}  // namespace octet::networks::onnx
