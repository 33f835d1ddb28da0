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

/// Each node's codes, by its name, and the answer under "".
inline std::map<std::string, Tensor> codes_of(const nn::Graph& int8, const Tensor& images) {
  std::map<std::string, Tensor> codes;
  codes[""] = nn::run(int8, images, [&](const nn::Node& node, const Tensor& result) {
    if (result.dtype() == DType::quint8) codes[node.name] = result;
  });
  return codes;
}

inline void expect_read_back(const nn::Graph& int8, ops::int8::Engine engine, const Tensor& images) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.onnx";
  std::ofstream(path, std::ios::binary) << quant::to_onnx(int8, Shape(images.shape().begin() + 1, images.shape().end()));
  const loaders::File file(path);
  networks::onnx::Network network = networks::onnx::to_graph(networks::onnx::read_onnx(file, path));
  networks::onnx::to_int8(network, engine);
  const auto got = codes_of(network.graph, images);
  for (const auto& [name, want] : codes_of(int8, images)) {
    const nn::Node* node = name.empty() ? nullptr : const_cast<nn::Graph&>(int8).find(name);
    if (node && (nn::is<nn::op::QuantizedDropout>(node->op) || nn::is<nn::op::QuantizedContiguous>(node->op))) continue;
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_TRUE(name.empty() ? bits_equal(got.at(name), want) : codes_equal(got.at(name), want)) << name;
  }
}

}  // namespace octet::test
