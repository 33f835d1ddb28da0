// Which layer gives a network's outputs, and what becomes of it with other classes.
#include "nn/classifier.h"

#include <cmath>

#include "nn/graph/ops.h"
#include "nn/graph_module.h"
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::nn {
namespace {

/// A graph of these ops, one after the other, on an input x; each layer's weights beside it.
class Chain {
 public:
  Chain() { last_ = graph_.append({.name = "x", .kind = NodeKind::placeholder, .target = "x", .op = op::Placeholder{}}); }
  Chain& add(const char* name, Op op, const Shape& weight = {}) {
    Node node{.name = name, .kind = NodeKind::call_module, .target = name, .op = std::move(op), .inputs = {last_}};
    if (!weight.empty())
      node.parameters = {{"weight", test::random_floats(weight, 1)}, {"bias", test::random_floats({weight[0]}, 2)}};
    last_ = graph_.append(std::move(node));
    return *this;
  }
  Graph end() {
    graph_.append({.name = "output", .kind = NodeKind::output, .target = "output", .op = op::Output{}, .inputs = {last_}});
    return std::move(graph_);
  }

 private:
  Graph graph_;
  Node* last_;
};

const op::Conv2d kPointwise{};

TEST(Classifier, IsTheLastLayerWhoseChannelsAreTheOutputs) {
  const Graph squeezenet = Chain()
                               .add("conv", kPointwise, {5, 3, 1, 1})
                               .add("relu", op::Relu{})
                               .add("pool", op::AdaptiveAvgPool2d{1})
                               .add("flat", op::Flatten{})
                               .end();
  ASSERT_NE(classifier_of(squeezenet), nullptr);
  EXPECT_EQ(classifier_of(squeezenet)->name, "conv");
  EXPECT_EQ(outputs_of(*classifier_of(squeezenet)), 5);
  const Graph linear = Chain()
                           .add("conv", kPointwise, {5, 3, 1, 1})
                           .add("flat", op::Flatten{})
                           .add("fc", op::Linear{}, {4, 20})
                           .add("drop", op::Dropout{})
                           .end();
  EXPECT_EQ(classifier_of(linear)->name, "fc");
  const Graph pixels = Chain().add("conv", kPointwise, {5, 3, 1, 1}).add("flat", op::Flatten{}).end();
  EXPECT_EQ(classifier_of(pixels), nullptr);  // an output per channel and pixel
  const Graph none = Chain().add("relu", op::Relu{}).end();
  EXPECT_EQ(classifier_of(none), nullptr);
  EXPECT_EQ(classifier_of(trace(*std::make_unique<ResNet18>(7), Tensor::zeros({1, 3, 32, 32})))->target, "fc");
}

TEST(Classifier, OtherClasses) {
  Graph graph =
      Chain().add("conv", kPointwise, {5, 3, 1, 1}).add("pool", op::AdaptiveAvgPool2d{1}).add("flat", op::Flatten{}).end();
  Generator generator(1);
  renew_classifier(graph, 9, generator);
  const Node& layer = *classifier_of(std::as_const(graph));
  EXPECT_EQ(layer.parameter("weight").shape(), (Shape{9, 3, 1, 1}));
  EXPECT_EQ(layer.parameter("bias").shape(), Shape{9});
  const float bound = 1 / std::sqrt(3.0f);
  float largest = 0;
  for (int64_t i = 0; i < 27; ++i) largest = std::max(largest, std::abs(layer.parameter("weight").data<float>()[i]));
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, bound / 2);
  resize_classifier(graph, 2);
  EXPECT_TRUE(test::bits_equal(layer.parameter("bias"), Tensor::zeros({2})));
  Graph none = Chain().add("relu", op::Relu{}).end();
  EXPECT_TRUE(test::fails_with([&] { resize_classifier(none, 2); }, {"does not end in a linear layer or convolution"}));
}

/// A module that is called twice has its tensors once.
TEST(GraphModule, CallsOfOneModuleShareItsTensors) {
  Graph twice;
  Node* x = twice.append({.name = "x", .kind = NodeKind::placeholder, .target = "x", .op = op::Placeholder{}});
  for (const char* name : {"conv", "conv_1"})
    x = twice.append({.name = name,
                      .kind = NodeKind::call_module,
                      .target = "conv",
                      .op = kPointwise,
                      .inputs = {x},
                      .parameters = {{"weight", test::random_floats({3, 3, 1, 1}, 1)}}});
  twice.append({.name = "output", .kind = NodeKind::output, .target = "output", .op = op::Output{}, .inputs = {x}});
  GraphModule module(twice);
  ASSERT_EQ(module.parameters().size(), 1u);
  EXPECT_EQ(module.parameters()[0].key, "conv.weight");
  EXPECT_EQ(module.graph().nodes().size(), 4u);
}

TEST(GraphModule, WeightsOfFunctionsAreRefused) {
  Graph graph;
  Node* x = graph.append({.name = "x", .kind = NodeKind::placeholder, .target = "x", .op = op::Placeholder{}});
  x = graph.append(
      {.name = "conv2d", .target = "conv2d", .op = kPointwise, .inputs = {x}, .parameters = {{"weight", Tensor({1, 1, 1, 1})}}});
  graph.append({.name = "output", .kind = NodeKind::output, .target = "output", .op = op::Output{}, .inputs = {x}});
  EXPECT_TRUE(test::fails_with([&] { GraphModule{graph}; }, {"'conv2d' is a function with weights of its own"}));
}

}  // namespace
}  // namespace octet::nn
