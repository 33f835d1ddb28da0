// The graph made fast for inference gives the plain graph's answers within rounding.
#include "nn/graph/passes/optimize_for_inference.h"

#include "nn/graph/executor.h"
#include "nn/graph/ops/add.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/relu.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "ops/conv/conv2d.h"
#include "ops/elementwise.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

TEST(OptimizeForInference, SameLogitsFewerNodes) {
  for (const nn::Network network :
       {nn::Network::resnet18, nn::Network::resnet50, nn::Network::vgg11_bn, nn::Network::mobilenet_v2}) {
    const auto model = nn::make_model({network}, 10);
    test::fill_by_formula(*model);
    const nn::Graph graph = nn::trace(*model, Tensor::zeros({1, 3, 64, 64}));
    const nn::Graph fast = optimize_for_inference(graph);
    EXPECT_LT(fast.nodes().size(), graph.nodes().size());
    for (const nn::Node& node : fast.nodes()) EXPECT_FALSE(nn::is<nn::op::BatchNorm>(node.op)) << node.name;
    const Tensor x = test::hashed_values({2, 3, 96, 96}, 7, 2.0);
    EXPECT_LT(test::relative_error(nn::run(fast, x), nn::run(graph, x)), 2e-5) << nn::Form{network}.name();
  }
}

/// A residual block that the pass must not tear apart: the sum's parts are read elsewhere, or added to themselves.
TEST(OptimizeForInference, AdditionsThatCannotBeFused) {
  nn::Graph graph;
  nn::Node* x = graph.append({.name = "x", .kind = nn::NodeKind::placeholder, .op = nn::op::Placeholder{}});
  const auto conv = [&](nn::Node* input, uint64_t seed) {
    return graph.append({.name = "conv",
                         .op = nn::op::Conv2d{.options = {.padding = 1}},
                         .inputs = {input},
                         .parameters = {{"weight", test::random_floats({3, 3, 3, 3}, seed)}}});
  };
  const auto add = [&](nn::Node* a, nn::Node* b) { return graph.append({.name = "add", .op = nn::op::Add{}, .inputs = {a, b}}); };
  nn::Node* a = conv(x, 1);
  nn::Node* twice = add(a, a);
  nn::Node* b = conv(twice, 2);
  nn::Node* relu = graph.append({.name = "relu", .op = nn::op::Relu{}, .inputs = {b}});  // b has two users
  nn::Node* sum = add(b, relu);
  nn::Node* c = conv(sum, 3);
  nn::Node* fused = add(x, c);  // x is in the other memory format
  graph.append({.name = "output", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {fused}});
  const Tensor input = test::random_floats({2, 3, 9, 10}, 4);
  EXPECT_LT(test::relative_error(nn::run(optimize_for_inference(graph), input), nn::run(graph, input)), 1e-5);
}

/// int8: additions and relu6 become part of the convolution before them, whichever summand that is, and every code stays.
TEST(OptimizeForInference, SameCodes) {
  const struct {
    nn::Network network;
    size_t fused;  // additions, and relu6
  } cases[] = {{nn::Network::resnet18, 8}, {nn::Network::mobilenet_v2, 10 + 35}};
  for (const auto& [network, fused] : cases)
    for (const char* backend : {"qnnpack", "fbgemm"}) {
      const auto model = nn::make_model({network}, 10);
      test::fill_by_formula(*model);
      const Tensor x = test::hashed_values({2, 3, 64, 64}, 7, 2.0);
      const QConfigMapping qconfig = get_default_qconfig_mapping(backend);
      const nn::Graph prepared = prepare(nn::trace(*model, x), qconfig);
      nn::run(prepared, x);
      const nn::Graph int8 = convert(prepared, qconfig), fast = optimize_for_inference(int8);
      EXPECT_EQ(fast.nodes().size() + fused, int8.nodes().size());
      EXPECT_TRUE(test::bits_equal(nn::run(fast, x), nn::run(int8, x))) << backend;
    }
}

}  // namespace
}  // namespace octet::quant
