#include "quant/fuse_relu.h"

namespace octet::quant {

void fuse_relu(nn::Graph& graph) {
  for (auto it = graph.nodes().begin(); it != graph.nodes().end();) {
    nn::Node& relu = *it++;
    if (!nn::is<nn::op::Relu>(relu.op)) continue;
    nn::Node* layer = relu.inputs.at(0);
    if (graph.users(layer).size() != 1) continue;
    if (auto* conv = std::get_if<nn::op::Conv2d>(&layer->op))
      conv->relu = true;
    else if (auto* linear = std::get_if<nn::op::Linear>(&layer->op))
      linear->relu = true;
    else
      continue;
    graph.replace_uses(&relu, layer);
    graph.erase(&relu);
  }
}

}  // namespace octet::quant
