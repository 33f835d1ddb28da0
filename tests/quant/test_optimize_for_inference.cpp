// The graph made fast for inference gives the plain graph's answers within rounding.
#include "quant/optimize_for_inference.h"

#include "nn/executor.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "ops/conv2d.h"
#include "ops/elementwise.h"
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
    int winograd = 0;
    for (const nn::Node& node : fast.nodes()) {
      EXPECT_FALSE(nn::is<nn::op::BatchNorm>(node.op)) << node.name;
      if (const auto* conv = std::get_if<nn::op::Conv2d>(&node.op)) winograd += conv->winograd != nullptr;
    }
    EXPECT_EQ(winograd > 0, network != nn::Network::mobilenet_v2);  // its 3x3 convolutions are depthwise, or have a stride
    const Tensor x = test::hashed_values({2, 3, 96, 96}, 7, 2.0);
    EXPECT_LT(test::relative_error(nn::run(fast, x), nn::run(graph, x)), 2e-5) << nn::Form{network}.name();
  }
}

TEST(WinogradLayer, IsConvolutionBiasAndRelu) {
  for (const Shape& shape : {Shape{1, 5, 13, 14}, Shape{3, 8, 7, 7}})
    for (bool relu : {false, true})
      for (bool with_bias : {false, true}) {
        const Tensor x = test::random_floats(shape, 1), w = test::random_floats({6, shape[1], 3, 3}, 2);
        const Tensor bias = with_bias ? test::random_floats({6}, 3) : Tensor();
        Tensor want = ops::conv2d(x, w, bias, {.padding = 1});
        if (relu) ops::relu_(want);
        EXPECT_LT(test::relative_error(ops::WinogradLayer(w, bias, relu)(x), want), 1e-5) << shape << relu << with_bias;
      }
  EXPECT_FALSE(ops::WinogradLayer::worthwhile({1, 512, 7, 7}));
  EXPECT_TRUE(ops::WinogradLayer::worthwhile({3, 512, 7, 7}));
}

}  // namespace
}  // namespace octet::quant
