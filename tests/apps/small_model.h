// An int8 model.safetensors of one convolution and one op, for what predict does with models that are no networks.
#pragma once

#include "loaders/checkpoints/safetensors.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/quantize.h"
#include "quant/formats/model_file.h"

namespace octet::test {

/// x [N, 3, H, W] -> quantize -> 1x1 convolution by zeros -> dequantize -> op -> output.
inline void save_small_model(const std::string& path, nn::Op op) {
  const ops::int8::QParams q{0.125f, 128};
  nn::Graph graph;
  nn::Node* node = graph.append({.name = "x", .kind = nn::NodeKind::placeholder, .op = nn::op::Placeholder{}});
  node = graph.append({.name = "quantize", .op = nn::op::Quantize{q}, .inputs = {node}});
  ops::int8::Conv2dParams conv;
  conv.weight = Tensor::zeros({3, 3, 1, 1}, DType::qint8);
  conv.weight_scale = {1};
  conv.input = conv.output = q;
  node = graph.append(
      {.name = "conv", .op = nn::op::QuantizedConv2d{std::make_shared<const ops::int8::Conv2d>(conv)}, .inputs = {node}});
  node = graph.append({.name = "dequantize", .op = nn::op::Dequantize{q}, .inputs = {node}});
  node = graph.append({.name = "last", .op = std::move(op), .inputs = {node}});
  graph.append({.name = "output", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {node}});
  const quant::SavedModel saved = quant::save_graph(graph, {});
  loaders::save_safetensors(path, {saved.tensors, saved.metadata});
}

}  // namespace octet::test
