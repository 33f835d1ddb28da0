// An int8 graph as the ONNX file that quant/formats/to_onnx.h writes, read again: the same codes at every node.
#pragma once

#include <fstream>
#include <map>

#include "networks/onnx/to_int8.h"
#include "nn/graph/executor.h"
#include "quant/formats/to_onnx.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace octet::test {

/// Each node's codes, by its name, and the answers under "result 0" and so on.
inline std::map<std::string, Tensor> codes_of(const nn::Graph& int8, const nn::Batch& images) {
  std::map<std::string, Tensor> codes;
  const std::vector<Tensor> results = nn::run_all(int8, images, [&](const nn::Node& node, const Tensor& result) {
    if (result.dtype() == DType::quint8) codes[node.name] = result;
  });
  for (size_t i = 0; i < results.size(); ++i) codes[str("result ", i)] = results[i];
  return codes;
}

inline void expect_read_back(const nn::Graph& int8, ops::int8::Engine engine, const nn::Batch& images) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.onnx";
  std::vector<Shape> shapes;
  for (const Tensor& x : images.inputs) shapes.emplace_back(x.shape().begin() + 1, x.shape().end());
  std::ofstream(path, std::ios::binary) << quant::to_onnx(int8, shapes);
  const loaders::File file(path);
  networks::onnx::Network network = networks::onnx::to_graph(networks::onnx::read_onnx(file, path));
  networks::onnx::to_int8(network, engine);
  const auto got = codes_of(network.graph, images);
  for (const auto& [name, want] : codes_of(int8, images)) {
    const bool is_result = name.starts_with("result ");
    const nn::Node* node = is_result ? nullptr : const_cast<nn::Graph&>(int8).find(name);
    if (node && (nn::is<nn::op::QuantizedDropout>(node->op) || nn::is<nn::op::QuantizedContiguous>(node->op))) continue;
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_TRUE(is_result ? bits_equal(got.at(name), want) : codes_equal(got.at(name), want)) << name;
  }
}

}  // namespace octet::test
