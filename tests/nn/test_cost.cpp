// What a run will cost: by hand for small graphs, and the bombs that a small file can describe.
#include "nn/graph/cost.h"

#include <gtest/gtest.h>

#include "nn/graph/check_graph.h"
#include "nn/graph/executor.h"
#include "nn/graph/ops.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/result_shape.h"
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::nn {
namespace {

using ops::int8::QParams;

constexpr QParams kQ{0.125f, 128};

/// x -> quantize -> 3x3 convolution of 3 to 4 channels -> what `more` appends -> dequantize -> output.
template <class More>
Graph int8_graph(ops::Conv2dOptions options, More&& more) {
  ops::int8::Conv2dParams conv;
  conv.weight = Tensor::zeros({4, 3, 3, 3}, DType::qint8);
  conv.weight_scale = {1};
  conv.input = conv.output = kQ;
  conv.options = options;
  Graph graph;
  Node* node = graph.append({.name = "x", .kind = NodeKind::placeholder, .op = op::Placeholder{}});
  node = graph.append({.name = "quantize", .op = op::Quantize{kQ}, .inputs = {node}});
  node = graph.append(
      {.name = "conv", .op = op::QuantizedConv2d{std::make_shared<const ops::int8::Conv2d>(conv)}, .inputs = {node}});
  node = more(graph, node);
  node = graph.append({.name = "dequantize", .op = op::Dequantize{kQ}, .inputs = {node}});
  graph.append({.name = "output", .kind = NodeKind::output, .op = op::Output{}, .inputs = {node}});
  return graph;
}
Graph int8_graph(ops::Conv2dOptions options = {}) {
  return int8_graph(options, [](Graph&, Node* node) { return node; });
}

/// Every node's shape as it is inferred and as it is computed.
void expect_shapes(const Graph& graph, const Tensor& x) {
  std::map<const Node*, Shape> shapes;
  for (const Node& node : graph.nodes()) {
    std::vector<Shape> in;
    for (const Node* input : node.inputs) in.push_back(shapes.at(input));
    if (node.kind == NodeKind::placeholder) in.push_back(x.shape());
    shapes[&node] = result_shape(node, in);
  }
  run(graph, x, [&](const Node& node, const Tensor& y) { EXPECT_EQ(shapes.at(&node), y.shape()) << node.name; });
}

TEST(ResultShape, IsWhatTheOpsGive) {
  ResNet18 resnet(10);
  expect_shapes(trace(resnet, Tensor::zeros({1, 3, 64, 64})), test::random_floats({2, 3, 80, 48}, 1));
  expect_shapes(int8_graph({.stride = 2, .padding = 1, .dilation = 2}), test::random_floats({2, 3, 9, 12}, 1));
}

TEST(Cost, ByHand) {
  const Graph graph = int8_graph({.padding = 1});
  const Cost cost = cost_of(graph, {2, 3, 8, 8});
  // Images, pixels, channels, products; and the elements that x and quantize, dequantize and output read and write.
  EXPECT_EQ(cost.multiply_adds, 2 * 64 * 4 * 27 + 4 * 384 + 4 * 512);
  ASSERT_NE(cost.largest, nullptr);
  EXPECT_EQ(cost.largest->name, "dequantize");
  EXPECT_EQ(cost.bytes, 512 + 4 * 512);
}

TEST(Cost, RefusesBombs) {
  const CostLimits limits{.bytes = int64_t{2} << 30, .multiply_adds = int64_t{1} << 40};
  const auto refused = [&](const Graph& graph, const std::vector<std::string>& parts) {
    return test::fails_with([&] { check_cost(graph, {1, 3, 224, 224}, limits); }, parts);
  };
  EXPECT_NO_THROW(check_cost(int8_graph(), {1, 3, 224, 224}, limits));
  EXPECT_TRUE(refused(int8_graph({.padding = 20000}), {"it wants 3", "GB of memory", "node 'dequantize'", "--max-memory"}));
  EXPECT_TRUE(refused(int8_graph({.padding = ops::kLargestWindow}), {"more than 2^40 elements"}));
  const auto pool = [](Graph& graph, Node* node) {
    return graph.append({.name = "pool", .op = op::QuantizedAdaptiveAvgPool2d{20000, kQ}, .inputs = {node}});
  };
  EXPECT_TRUE(refused(int8_graph({}, pool), {"GB of memory"}));
  const auto cats = [](Graph& graph, Node* node) {
    for (int i = 0; i < 28; ++i)
      node = graph.append({.name = "cat", .op = op::QuantizedCat{{kQ, kQ}, kQ}, .inputs = {node, node}});
    return node;
  };
  EXPECT_TRUE(refused(int8_graph({}, cats), {"2^40 elements"}));
  const auto work = [](Graph& graph, Node* node) {
    for (int i = 0; i < 30'000; ++i) node = graph.append({.name = "clamp", .op = op::QuantizedRelu{128}, .inputs = {node}});
    return node;
  };
  EXPECT_TRUE(test::fails_with(
      [&] {
        check_cost(int8_graph({}, work), {1, 3, 8000, 8000}, limits);
      },
      {"billion multiply-adds", "--max-work"}));
}

TEST(Cost, KnowsWhatFits) {
  ResNet18 model(10);
  const Graph graph = trace(model, Tensor::zeros({1, 3, 64, 64}));
  const Cost one = cost_of(graph, {1, 3, 224, 224}), many = cost_of(graph, {32, 3, 224, 224});
  EXPECT_NEAR(static_cast<double>(one.multiply_adds), 1.82e9, 0.03e9);  // torchvision's 1.81, and the elements touched
  EXPECT_EQ(many.multiply_adds, 32 * one.multiply_adds);
  EXPECT_LT(one.bytes, 60 << 20);
  EXPECT_TRUE(test::fails_with(
      [&] {
        (void)cost_of(optimize_for_inference(graph), {1, 3, 64, 64});
      },
      {"optimize_for_inference"}));
  EXPECT_TRUE(test::fails_with([&] { (void)cost_of(graph, {1, 5, 64, 64}); }, {"node '", "do not fit"}));
}

// Chains of codes, which keep their scale, and of floats: loading, planning and optimizing take time linear in their length.
TEST(Cost, LongChainsAreLinear) {
  const auto chain = [](Graph& graph, Node* node) {
    for (int i = 0; i < 80'000; ++i) node = graph.append({.name = str("r", i), .op = op::QuantizedRelu{128}, .inputs = {node}});
    return node;
  };
  const Graph graph = int8_graph({}, chain);
  check_graph(graph);  // seconds each, where they take time that grows with the square
  EXPECT_EQ(run(optimize_for_inference(graph), Tensor::zeros({1, 3, 4, 4})).shape(), (Shape{1, 4, 2, 2}));
  Graph floats;
  Node* node = floats.append({.name = "x", .kind = NodeKind::placeholder, .op = op::Placeholder{}});
  for (int i = 0; i < 40'000; ++i) node = floats.append({.name = str("r", i), .op = op::Relu{}, .inputs = {node}});
  floats.append({.name = "output", .kind = NodeKind::output, .op = op::Output{}, .inputs = {node}});
  EXPECT_EQ(run(optimize_for_inference(floats), Tensor::zeros({1, 3, 4, 4})).shape(), (Shape{1, 3, 4, 4}));
}

// Graphs that a program makes by hand, wrongly.
TEST(Plan, RefusesWhatCannotRun) {
  const Tensor x = Tensor::zeros({1, 3, 8, 8});
  const auto placeholder = [](Graph& graph) {
    return graph.append({.name = "x", .kind = NodeKind::placeholder, .op = op::Placeholder{}});
  };
  const auto refused = [&](const Graph& graph, const std::string& part) {
    return test::fails_with([&] { run(graph, x); }, {part});
  };
  Graph no_input, one_input, foreign, null_input, no_layer, other;
  placeholder(no_input);
  no_input.append({.name = "output", .kind = NodeKind::output, .op = op::Output{}});
  EXPECT_TRUE(refused(no_input, "'output' has 0 inputs, expected at least one"));
  one_input.append({.name = "add", .op = op::Add{}, .inputs = {placeholder(one_input)}});
  EXPECT_TRUE(refused(one_input, "'add' has 1 inputs, expected 2"));
  foreign.append({.name = "r", .op = op::Relu{}, .inputs = {placeholder(other)}});
  EXPECT_TRUE(refused(foreign, "not before it in this graph"));
  null_input.append({.name = "r", .op = op::Relu{}, .inputs = {nullptr}});
  EXPECT_TRUE(refused(null_input, "not before it in this graph"));
  no_layer.append({.name = "c", .op = op::QuantizedConv2d{}, .inputs = {placeholder(no_layer)}});
  EXPECT_TRUE(refused(no_layer, "'c' has no int8 layer"));
  EXPECT_TRUE(test::fails_with([&] { no_layer.erase(nullptr); }, {"not in this graph"}));
}

}  // namespace
}  // namespace octet::nn
