// An int8 graph beside its ONNX form, which float ops run between the codes: each node gives the same codes, except for rounding.
#pragma once

#include <set>

#include "nn/graph/executor.h"
#include "quant/formats/to_onnx.h"
#include "tests/support/compare.h"
#include "tests/support/onnx.h"

namespace octet::test {

/// Each node of the ONNX form goes on from octet's codes, so that what differs is its own: sums in float.
inline void expect_onnx_codes(const nn::Graph& int8, const Tensor& images) {
  std::map<std::string, Tensor> codes;
  std::set<std::string> averages;
  const Tensor logits = nn::run(int8, images, [&](const nn::Node& node, const Tensor& result) {
    if (result.dtype() == DType::quint8) codes[node.name] = to_channels_first(result);
    if (nn::is<nn::op::QuantizedAdaptiveAvgPool2d>(node.op) || nn::is<nn::op::QuantizedAvgPool2d>(node.op) ||
        nn::is<nn::op::QuantizedMean>(node.op))
      averages.insert(node.name);
  });
  size_t seen = 0;
  OnnxModel onnx(quant::to_onnx(int8, Shape(images.shape().begin() + 1, images.shape().end())));
  // Averages of four codes are often ties, which the least error decides.
  const Tensor result = onnx(images, [&](const std::string& name, const Tensor& got) {
    const Tensor want = codes.at(name);
    int64_t differ = 0;
    for (int64_t i = 0; i < got.numel(); ++i) {
      const int difference = std::abs(got.data<uint8_t>()[i] - want.data<uint8_t>()[i]);
      EXPECT_LE(difference, 1) << name;
      differ += difference;
    }
    EXPECT_LE(differ, 1 + want.numel() / (averages.contains(name) ? 20 : 500)) << name << ": of " << want.numel();
    ++seen;
    Tensor plain(want.shape(), DType::u8);
    std::memcpy(plain.bytes(), want.bytes(), want.nbytes());
    return plain;
  });
  EXPECT_EQ(seen, codes.size());
  EXPECT_TRUE(all_close(result, logits, 1e-4f, 1e-4f));
}

}  // namespace octet::test
