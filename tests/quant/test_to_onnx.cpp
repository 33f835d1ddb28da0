// int8 and float graphs as ONNX: read back, and run by float ops between the codes. What onnx and ONNX Runtime make of them:
// tests/oracle/compare.py onnx.
#include "nn/graph/executor.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/formats/to_onnx.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/gates.h"
#include "tests/support/onnx.h"
#include "tests/support/onnx_codes.h"
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

TEST_P(ToOnnx, CodesAreOctets) {
  test::expect_onnx_codes(converted(traced(std::get<0>(GetParam()).form), std::get<1>(GetParam())), kImages);
}

TEST(ToOnnxOwn, Sigmoid) {
  test::Gates gates(10);
  test::expect_onnx_codes(converted(traced(gates), "qnnpack"), kImages);
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
