#include "nn/graph/graph.h"

#include "nn/graph/executor.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/relu.h"
#include "nn/graph/print.h"
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::nn {
namespace {

TEST(Graph, NamesAreUniqueAsInTorchFx) {
  Graph g;
  EXPECT_EQ(g.append({.name = "input"})->name, "input_1");  // Python's own name
  EXPECT_EQ(g.append({.name = "0.4.0.relu"})->name, "_0_4_0_relu");
  EXPECT_EQ(g.append({.name = "0.4.0.relu"})->name, "_0_4_0_relu_1");
  EXPECT_EQ(g.append({.name = "add"})->name, "add");
  EXPECT_EQ(g.append({.name = "add"})->name, "add_1");
  EXPECT_EQ(g.append({.name = "dequantize_29"})->name, "dequantize_29");
  EXPECT_EQ(g.append({.name = "0.0"})->name, "_0_0");
}

TEST(Graph, InsertReplaceErase) {
  Graph g;
  Node* x = g.append({.name = "x", .kind = NodeKind::placeholder, .op = op::Placeholder{}});
  Node* a = g.append({.name = "a", .op = op::Relu{}, .inputs = {x}});
  g.append({.name = "output", .kind = NodeKind::output, .op = op::Output{}, .inputs = {a}});
  Node* b = g.insert_after(a, {.name = "b", .op = op::Relu{}, .inputs = {a}});
  g.replace_uses(a, b);
  EXPECT_EQ(b->inputs[0], a);
  EXPECT_EQ(g.output().inputs[0], b);
  EXPECT_TRUE(test::fails_with([&] { g.erase(a); }, {"'a'", "'b' uses"}));
  g.replace_uses(b, a);
  g.erase(b);
  EXPECT_EQ(g.find("b"), nullptr);
  EXPECT_TRUE(test::bits_equal(run(g, Tensor::from({-1, 2}, {1, 2})), Tensor::from({0, 2}, {1, 2})));
}

TEST(Graph, CloneHasItsOwnNodes) {
  Graph g;
  Node* x = g.append({.name = "x", .kind = NodeKind::placeholder, .op = op::Placeholder{}});
  g.append({.name = "output", .kind = NodeKind::output, .op = op::Output{}, .inputs = {x}});
  Graph copy = g.clone();
  EXPECT_NE(copy.find("x"), x);
  EXPECT_EQ(copy.output().inputs[0], copy.find("x"));
}

TEST(Trace, KeepsLayersWholeAndNamesFunctions) {
  FastaiResNet18 model(10);
  const Graph g = trace(model, Tensor::zeros({1, 3, 32, 32}));
  std::vector<std::string> names;
  for (const Node& node : g.nodes()) names.push_back(node.name);
  EXPECT_EQ(names.front(), "input_1");
  EXPECT_EQ(names[1], "_0_0");
  for (const char* name :
       {"_0_4_0_relu_1", "add_7", "_0_5_0_downsample_0", "_1_0_mp", "_1_0_ap", "cat", "view", "_1_8", "output"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

TEST(Trace, RunsAsTheModule) {
  ResNet18 model(7);
  uint64_t seed = 1;
  for (const auto& s : model.state())
    if (s.value.tensor().dim() > 1) Value(s.value).set(test::random_floats(s.value.tensor().shape(), seed++));
  const Graph g = trace(model, Tensor::zeros({1, 3, 32, 32}));
  const Tensor x = test::random_floats({2, 3, 40, 48}, 99);  // another size than the example's
  EXPECT_TRUE(test::bits_equal(run(g, x), model(Value(x)).tensor()));
}

TEST(Executor, ErrorsNameTheNode) {
  ResNet18 model(7);
  const Graph g = trace(model, Tensor::zeros({1, 3, 32, 32}));
  EXPECT_TRUE(test::fails_with([&] { run(g, Tensor::zeros({1, 4, 32, 32})); }, {"node 'conv1'", "[1, 4, 32, 32]"}));
}

TEST(Print, PythonFloats) {
  EXPECT_EQ(python_float(0.04036284238100052f), "0.04036284238100052");
  EXPECT_EQ(python_float(2.0), "2.0");
  EXPECT_EQ(python_float(1.1920928955078125e-07), "1.1920928955078125e-07");
  EXPECT_EQ(python_float(-INFINITY), "-inf");
}

TEST(Print, ModuleTree) {
  ResNet18 model(7);
  const std::string tree = modules_to_string(trace(model, Tensor::zeros({1, 3, 32, 32})));
  EXPECT_NE(tree.find("  (conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)\n"),
            std::string::npos)
      << tree;
  EXPECT_NE(tree.find("  (fc): Linear(in_features=512, out_features=7, bias=True)\n"), std::string::npos) << tree;
}

/// Batch norms that follow no convolution, over images and over rows.
struct Unfolded : Module {
  Conv2d& conv = add<Conv2d>("conv", 3, 4, Conv2d::Options{.kernel = 3});
  AdaptiveMaxPool2d& pool = add<AdaptiveMaxPool2d>("pool", 2);
  BatchNorm& bn = add<BatchNorm>("bn", 4);
  Linear& fc = add<Linear>("fc", 16, 5);
  BatchNorm& bn1 = add<BatchNorm>("bn1", 5);

 protected:
  Value forward(const Value& x) override { return bn1(fc(functional::flatten(bn(pool(conv(x)))))); }
};

// print(torch.fx.symbolic_trace(model)) of torch 2.11, with the class's name.
TEST(Print, WholeTextOfBatchNormsIsPyTorchs) {
  Unfolded model;
  EXPECT_EQ(modules_to_string(trace(model, Tensor::zeros({1, 3, 8, 8}))), R"(GraphModule(
  (conv): Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1))
  (pool): AdaptiveMaxPool2d(output_size=2)
  (bn): BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (fc): Linear(in_features=16, out_features=5, bias=True)
  (bn1): BatchNorm1d(5, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
))");
}

}  // namespace
}  // namespace octet::nn
