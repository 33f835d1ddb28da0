// int8 and float graphs as ONNX: read back, and run by float ops between the codes. What onnx and ONNX Runtime make of them:
// tests/oracle/compare.py onnx.
#include <set>

#include "nn/graph/executor.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/formats/to_onnx.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/gates.h"
#include "tests/support/onnx.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using test::fails_with;
using test::OnnxModel;

constexpr int64_t kSide = 64;

struct Network {
  const char* name;
  nn::Form form;
  friend std::ostream& operator<<(std::ostream& out, const Network& n) { return out << n.name; }
};

nn::Graph traced(nn::Module& model) {
  test::fill_by_formula(model);
  return nn::trace(model, Tensor::zeros({1, 3, kSide, kSide}));
}
nn::Graph traced(const nn::Form& form) { return traced(*nn::make_model(form, 10)); }

const Tensor kImages = test::hashed_values({2, 3, kSide, kSide}, 7, 2.0);

nn::Graph converted(const nn::Graph& graph, const std::string& backend) {
  const QConfigMapping mapping = get_default_qconfig_mapping(backend);
  const nn::Graph prepared = prepare(graph, mapping);
  nn::run(prepared, kImages);
  return convert(prepared, mapping);
}

class ToOnnx : public ::testing::TestWithParam<std::tuple<Network, const char*>> {};
INSTANTIATE_TEST_SUITE_P(All, ToOnnx,
                         ::testing::Combine(::testing::Values(Network{"resnet18", {nn::Network::resnet18}},
                                                              Network{"resnet18_fastai", {nn::Network::resnet18, true}},
                                                              Network{"resnet50", {nn::Network::resnet50}},
                                                              Network{"mobilenet_v2", {nn::Network::mobilenet_v2}}),
                                            ::testing::Values("qnnpack", "x86")),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param);
                         });

void expect_codes_are_octets(const nn::Graph& int8) {
  std::map<std::string, Tensor> codes;
  std::set<std::string> averages;
  const Tensor logits = nn::run(int8, kImages, [&](const nn::Node& node, const Tensor& result) {
    if (result.dtype() == DType::quint8) codes[node.name] = to_channels_first(result);
    if (nn::is<nn::op::QuantizedAdaptiveAvgPool2d>(node.op)) averages.insert(node.name);
  });
  size_t seen = 0;
  OnnxModel onnx(to_onnx(int8, {3, kSide, kSide}));
  // Each node goes on from octet's codes, so that what differs is its own: sums in float. Averages of four codes are often
  // ties, which the least error decides.
  const Tensor result = onnx(kImages, [&](const std::string& name, const Tensor& got) {
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
  EXPECT_TRUE(test::all_close(result, logits, 1e-4f, 1e-4f));
}

TEST_P(ToOnnx, CodesAreOctets) {
  expect_codes_are_octets(converted(traced(std::get<0>(GetParam()).form), std::get<1>(GetParam())));
}

TEST(ToOnnxOwn, Sigmoid) {
  test::Gates gates(10);
  expect_codes_are_octets(converted(traced(gates), "qnnpack"));
}

TEST(ToOnnxFloat, LogitsAreOctets) {
  const nn::Graph graph = traced({nn::Network::mobilenet_v2});
  OnnxModel onnx(to_onnx(graph, {3, kSide, kSide}));
  const Tensor got = onnx(kImages, [](const std::string&, const Tensor& codes) { return codes; });
  EXPECT_TRUE(test::all_close(got, nn::run(graph, kImages), 1e-5f, 1e-5f));
}

TEST(ToOnnxFloat, SaysWhatItIs) {
  const OnnxModel onnx(to_onnx(traced({nn::Network::resnet18}), {3, kSide, kSide}, {{"backend", "x86"}}));
  EXPECT_EQ(onnx.model().integer(1), 7);                                 // IR version
  EXPECT_EQ(test::Protobuf(onnx.model().all(8).at(0)).integer(2), 13);   // operators
  EXPECT_EQ(test::Protobuf(onnx.model().all(14).at(0)).text(2), "x86");  // metadata
  EXPECT_EQ(test::Protobuf(onnx.graph().all(11).at(0)).text(1), "input");
  EXPECT_EQ(test::Protobuf(onnx.graph().all(12).at(0)).text(1), "logits");
}

TEST(ToOnnxFloat, WhatHasNoFormIsRefused) {
  const nn::Graph vgg = traced({nn::Network::vgg11_bn});  // its pool makes 7x7 of 2x2
  EXPECT_TRUE(fails_with([&] { to_onnx(vgg, {3, kSide, kSide}); }, {"ONNX: avgpool makes (7, 7) of (2, 2) pixels", "divide"}));
  const nn::Graph prepared = prepare(traced({nn::Network::resnet18}), get_default_qconfig_mapping("qnnpack"));
  EXPECT_TRUE(fails_with(
      [&] {
        to_onnx(prepared, {3, kSide, kSide});
      },
      {"activation_post_process_0", "convert the graph first"}));
}

}  // namespace
}  // namespace octet::quant
