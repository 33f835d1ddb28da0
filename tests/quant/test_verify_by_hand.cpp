// The hand check follows the layer's formula on every engine, where the weights have one scale and where they have several.
#include "quant/checks/verify_by_hand.h"

#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/flatten.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/linear.h"
#include "nn/graph/ops/quantize.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

/// One pixel, one input channel, two output channels.
nn::Graph graph_of(ops::int8::Conv2dParams params) {
  const QParams in = params.input, out = params.output;
  nn::Graph graph;
  nn::Node* x = graph.append({.name = "x", .kind = nn::NodeKind::placeholder, .op = nn::op::Placeholder{}});
  nn::Node* quantized = graph.append({.name = "quantize_per_tensor", .op = nn::op::Quantize{in}, .inputs = {x}});
  nn::Node* conv = graph.append({.name = "conv",
                                 .op = nn::op::QuantizedConv2d{std::make_shared<const ops::int8::Conv2d>(std::move(params))},
                                 .inputs = {quantized}});
  nn::Node* y = graph.append({.name = "dequantize", .op = nn::op::Dequantize{out}, .inputs = {conv}});
  graph.append({.name = "output", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {y}});
  return graph;
}

/// acc = -1000 and a bias of 1001 in units of sx*sw, in both channels: what is left is 1, half a code of the output.
ops::int8::Conv2dParams half_a_code(Engine engine, std::vector<float> weight_scale) {
  const float sx = 0.1f, sw = weight_scale[0], b = 1001 * (sx * sw);
  Tensor weight({2, 1, 1, 1}, DType::qint8);
  weight.data<int8_t>()[0] = weight.data<int8_t>()[1] = 100;
  return {{.weight = weight,
           .weight_scale = std::move(weight_scale),
           .bias = Tensor::from({b, b}, {2}),
           .engine = engine,
           .input = {sx, 128},
           .output = {2 * (sx * sw), 10}},
          {}};
}

std::vector<int> checked_codes(const ops::int8::Conv2dParams& params, float x = -1) {
  const HandCheck check = verify_first_layer(graph_of(params), Tensor::from({x}, {1, 1, 1, 1})).value();
  EXPECT_EQ(check.total, params.weight.size(0));
  EXPECT_EQ(check.equal, check.total);
  EXPECT_EQ(check.by_hand, check.by_layer);
  return check.by_layer;
}

TEST(VerifyByHand, OneScaleUnderFbgemmIsAFusedProduct) {
  // b / (sx*sw) is 1001 exactly, and half a code is rounded to even; fma(b, 1/(sx*sw), -1000) is 1.0000376: more than half.
  EXPECT_EQ(checked_codes(half_a_code(Engine::fbgemm, {0.03f})), (std::vector{11, 11}));
}

TEST(VerifyByHand, AScalePerChannelUnderFbgemmIsAQuotientAndASum) {
  EXPECT_EQ(checked_codes(half_a_code(Engine::fbgemm, {0.03f, 0.03f})), (std::vector{10, 10}));
}

TEST(VerifyByHand, UnderQnnpackTheBiasIsAnInteger) {
  EXPECT_EQ(checked_codes(half_a_code(Engine::qnnpack, {0.03f})), (std::vector{10, 10}));
}

TEST(VerifyByHand, UnderOnednnTheZeroPointIsAddedBeforeRounding) {
  // Alone, 3.5 is rounded to 4 and 2.5 to 2; with 11 added, 14.5 and 13.5 both to 14.
  ops::int8::Conv2dParams p = half_a_code(Engine::onednn, {1.0f});
  p.input = {1.0f, 128};
  p.weight_scale = {1.0f};
  p.bias = Tensor::from({103.5f, 102.5f}, {2});
  p.output = {1.0f, 11};
  EXPECT_EQ(checked_codes(p), (std::vector{14, 14}));  // acc = -100
}

/// A network that begins with flatten and a linear layer.
TEST(VerifyByHand, ALinearLayerIsAConvolutionOfOnePixel) {
  const Tensor image = test::random_floats({1, 2, 3, 2}, 1);
  for (const Engine engine : ops::int8::kEngines) {
    const ops::int8::LinearParams params{.weight = test::random_codes({5, 12}, DType::qint8, 2),
                                         .weight_scale = {0.01f},
                                         .bias = test::random_floats({5}, 3),
                                         .engine = engine,
                                         .input = {0.02f, 120},
                                         .output = {0.05f, 100}};
    nn::Graph graph;
    nn::Node* x = graph.append({.name = "x", .kind = nn::NodeKind::placeholder, .op = nn::op::Placeholder{}});
    x = graph.append({.name = "quantize_per_tensor", .op = nn::op::Quantize{params.input}, .inputs = {x}});
    x = graph.append({.name = "flatten", .op = nn::op::QuantizedFlatten{}, .inputs = {x}});
    x = graph.append(
        {.name = "fc", .op = nn::op::QuantizedLinear{std::make_shared<const ops::int8::Linear>(params)}, .inputs = {x}});
    x = graph.append({.name = "dequantize", .op = nn::op::Dequantize{params.output}, .inputs = {x}});
    graph.append({.name = "output", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {x}});
    const std::optional<HandCheck> check = verify_first_layer(graph, image);
    ASSERT_TRUE(check.has_value());
    EXPECT_EQ(check->total, 5);
    EXPECT_EQ(check->equal, 5) << name_of(engine);
  }
}

TEST(VerifyByHand, TheExampleOfTheLesson) {  // ops/engines/requantize.md
  const auto params = [](Engine engine) {
    return ops::int8::Conv2dParams{{.weight = Tensor::from<int8_t>({47}, {1, 1, 1, 1}, DType::qint8),
                                    .weight_scale = {1.0f / 128},
                                    .bias = Tensor::from({0.01216f}, {1}),
                                    .engine = engine,
                                    .input = {1.0f / 64, 128},
                                    .output = {1.0f / 16, 10}},
                                   {}};
  };
  EXPECT_EQ(checked_codes(params(Engine::qnnpack), 0.5625f), std::vector{14});
  EXPECT_EQ(checked_codes(params(Engine::fbgemm), 0.5625f), std::vector{13});
  EXPECT_EQ(checked_codes(params(Engine::onednn), 0.5625f), std::vector{13});
}

}  // namespace
}  // namespace octet::quant
