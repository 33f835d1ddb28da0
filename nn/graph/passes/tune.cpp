#include "nn/graph/passes/tune.h"

#include <limits>

#include "nn/graph/ops/conv2d.h"
#include "nn/graph/timing.h"

namespace octet::nn {
namespace {

using ops::int8::Conv2d;
using ops::int8::ConvAlgorithm;

op::QuantizedConv2d preferring(const Conv2d& layer, const ops::int8::ConvChoice& choice) {
  ops::int8::Conv2dParams params = layer.params();
  std::erase_if(params.choices, [&](const ops::int8::ConvChoice& c) { return c.is_for(choice); });
  params.choices.push_back(choice);
  return {std::make_shared<const Conv2d>(std::move(params))};
}

}  // namespace

Graph tune(const Graph& int8_graph, const Tensor& x, double seconds) {
  constexpr int kRounds = 2;  // by turns, so that a slow moment of the machine does not meet one algorithm only
  struct Best {
    double ms = std::numeric_limits<double>::infinity();
    ops::int8::ConvChoice choice;
  };
  std::map<std::string, Best> best;  // by node
  for (int round = 0; round < kRounds; ++round)
    for (const ConvAlgorithm algorithm : ops::int8::kConvAlgorithms) {
      Graph trial = int8_graph.clone();
      std::map<std::string, Shape> shapes;
      for (const NodeTime& t : time_nodes(trial, x, 0)) shapes[t.node->name] = t.input;
      for (Node& node : trial.nodes())
        if (auto* conv = get_if<op::QuantizedConv2d>(node.op); conv && conv->layer->has(algorithm, shapes.at(node.name)))
          *conv = preferring(*conv->layer, ops::int8::choice_here(shapes.at(node.name), algorithm));
      for (const NodeTime& t : time_nodes(trial, x, seconds)) {
        const auto* conv = get_if<op::QuantizedConv2d>(t.node->op);
        if (conv == nullptr || !conv->layer->has(algorithm, t.input) || t.ms >= best[t.node->name].ms) continue;
        best[t.node->name] = {t.ms, ops::int8::choice_here(t.input, algorithm)};
      }
    }
  Graph tuned = int8_graph.clone();
  for (Node& node : tuned.nodes())
    if (auto* conv = get_if<op::QuantizedConv2d>(node.op)) *conv = preferring(*conv->layer, best.at(node.name).choice);
  return tuned;
}

}  // namespace octet::nn
