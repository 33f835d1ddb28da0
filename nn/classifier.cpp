#include "nn/classifier.h"

#include <cmath>

#include "nn/graph/ops/adaptive_avg_pool2d.h"
#include "nn/graph/ops/adaptive_max_pool2d.h"
#include "nn/init.h"

namespace octet::nn {
namespace {

bool has_weights(const Node& node) { return int8_weight(node.op).defined() || info(node.op).has_weight; }

bool is_flatten(const Op& op) { return is<op::Flatten>(op) || is<op::QuantizedFlatten>(op); }

/// One pixel per channel.
bool gives_one_pixel(const Op& op) {
  const auto to_one = []<class T>(const T* pool) { return pool != nullptr && pool->output_size == ops::Size2(1); };
  return is<op::Mean>(op) || is<op::QuantizedMean>(op) || to_one(get_if<op::AdaptiveAvgPool2d>(op)) ||
         to_one(get_if<op::QuantizedAdaptiveAvgPool2d>(op)) || to_one(get_if<op::AdaptiveMaxPool2d>(op));
}

/// It gives images, not classes.
bool is_transposed(const Op& op) { return is<op::ConvTranspose2d>(op) || is<op::QuantizedConvTranspose2d>(op); }

bool is_linear(const Op& op) { return is<op::Linear>(op) || is<op::QuantizedLinear>(op); }

Node& needed_classifier(Graph& graph) {
  Node* layer = classifier_of(graph);
  OCTET_CHECK(layer != nullptr, "the network does not end in a linear layer or convolution, so it cannot get other classes");
  return *layer;
}

}  // namespace

const Node* classifier_of(const Graph& graph) {
  bool flattened = false;
  for (const Node* node = &graph.output(); node->inputs.size() == 1;) {
    node = node->inputs[0];
    if (is_transposed(node->op)) return nullptr;
    if (has_weights(*node)) return flattened && !is_linear(node->op) ? nullptr : node;
    if (is_flatten(node->op)) flattened = true;
    if (gives_one_pixel(node->op)) flattened = false;
  }
  return nullptr;
}

Node* classifier_of(Graph& graph) { return const_cast<Node*>(classifier_of(std::as_const(graph))); }

int64_t outputs_of(const Node& layer) {
  const Tensor codes = int8_weight(layer.op);
  return (codes.defined() ? codes : layer.parameter("weight")).size(0);
}

int64_t outputs_of(const Graph& graph) {
  const Node* layer = classifier_of(graph);
  return layer ? outputs_of(*layer) : 0;
}

void resize_classifier(Graph& graph, int64_t outputs) {
  for (auto& [name, tensor] : needed_classifier(graph).parameters) {
    Shape shape = tensor.shape();
    shape.at(0) = outputs;
    tensor = Tensor::zeros(shape);
  }
}

void renew_classifier(Graph& graph, int64_t outputs, Generator& generator) {
  Node& layer = needed_classifier(graph);
  resize_classifier(graph, outputs);
  const Tensor& weight = layer.parameters.at("weight");
  const float bound = 1 / std::sqrt(static_cast<float>(weight.numel() / weight.size(0)));
  for (auto& [name, tensor] : layer.parameters) tensor = init::uniform(tensor.shape(), bound, generator);
}

}  // namespace octet::nn
