// What `explain` tells of one output, and what it refuses.
#include "quant/explain/explain.h"

#include <gmock/gmock.h>

#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/quantize.h"
#include "nn/graph/ops/silu.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

using test::fails_with;
using testing::HasSubstr;

/// 2 channels of 3x3 pixels -> a convolution of one output channel, 2x2 taps, padding 1, relu; its module is "features.0".
nn::Graph small(ops::int8::Engine engine = ops::int8::Engine::qnnpack) {
  Tensor weight({1, 2, 2, 2}, DType::qint8);
  for (int64_t i = 0; i < 8; ++i) weight.data<int8_t>()[i] = static_cast<int8_t>(i + 1);
  ops::int8::Conv2dParams params{{.weight = weight,
                                  .weight_scale = {0.5f},
                                  .bias = Tensor::from({3.0f}, {1}),
                                  .relu = true,
                                  .engine = engine,
                                  .input = {0.25f, 10},
                                  .output = {1.0f, 4}},
                                 {.padding = 1}};
  nn::Graph graph;
  nn::Node* x = graph.append({.name = "x", .kind = nn::NodeKind::placeholder, .op = nn::op::Placeholder{}});
  nn::Node* codes = graph.append({.name = "quantize_per_tensor", .op = nn::op::Quantize{{0.25f, 10}}, .inputs = {x}});
  nn::Node* conv = graph.append({.name = "features_0",
                                 .kind = nn::NodeKind::call_module,
                                 .target = "features.0",
                                 .op = nn::op::QuantizedConv2d{std::make_shared<const ops::int8::Conv2d>(params)},
                                 .inputs = {codes}});
  nn::Node* y = graph.append({.name = "dequantize", .op = nn::op::Dequantize{{1.0f, 4}}, .inputs = {conv}});
  nn::Node* silu = graph.append({.name = "silu", .op = nn::op::Silu{}, .inputs = {y}});
  graph.append({.name = "output", .kind = nn::NodeKind::output, .op = nn::op::Output{}, .inputs = {silu}});
  return graph;
}

Tensor image() { return Tensor::from({1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3, -4, -5, -6, -7, -8, -9}, {1, 2, 3, 3}); }

Explanation at(const nn::Graph& graph, const std::string& node, const std::vector<int64_t>& indices) {
  return explain(graph, image(), find_node(graph, node), indices);
}

TEST(ExplainOne, AConvolutionTellsEachProductAndEachRounding) {
  const nn::Graph graph = small();
  const Explanation e = at(graph, "features.0", {0, 0, 1});
  // rows -1..0, columns 0..1: the upper taps are padding; x = 1 and 2 are the codes 14 and 18, -1 and -2 are 6 and 2
  EXPECT_THAT(e.lines, testing::Contains(HasSubstr("receptive field: channels 0..1, rows -1..0, columns 0..1")));
  EXPECT_THAT(e.lines, testing::Contains("        0        0        0       14        4        3       12       12"));
  EXPECT_THAT(e.lines, testing::Contains("        1        0        1        2       -8        8      -64      -48"));
  EXPECT_THAT(e.lines, testing::Contains(HasSubstr("(padding)")));
  EXPECT_THAT(e.lines, testing::Contains("sum of 8 products: acc = -48"));
  EXPECT_THAT(e.lines, testing::Contains(HasSubstr("rne(24) = 24;  acc + bias = -24")));
  EXPECT_EQ(e.by_octet, 4);  // -24 * 0.125 = -3, relu: the code of 0
  EXPECT_EQ(e.by_definition, 4);
  EXPECT_EQ(e.qparams, (ops::int8::QParams{1.0f, 4}));
}

TEST(ExplainOne, EveryRuleSaysItsFormula) {
  const std::pair<ops::int8::Engine, const char*> rules[] = {{ops::int8::Engine::qnnpack, "(sw*sx) * (1/sy)"},
                                                             {ops::int8::Engine::fbgemm, "acc + b/(sx*sw)"},
                                                             {ops::int8::Engine::onednn, "acc * (1/(1/sx)) * sw + b"}};
  for (const auto& [engine, formula] : rules) {
    const Explanation e = at(small(engine), "features_0", {0, 1, 1});
    EXPECT_THAT(e.lines, testing::Contains(HasSubstr(formula)));
    EXPECT_EQ(e.by_definition, e.by_octet);
  }
}

TEST(ExplainOne, OfAFloatOpItSaysWhatGoesIn) {
  const Explanation e = at(small(), "silu", {0, 1, 1});
  EXPECT_FALSE(e.by_definition.has_value());
  EXPECT_THAT(e.lines, testing::Contains(HasSubstr("computes in float")));
  EXPECT_THAT(e.lines, testing::Contains(HasSubstr("in: dequantize has")));
}

TEST(ExplainOne, WrongNamesAndPlacesAreRefused) {
  const nn::Graph graph = small();
  EXPECT_TRUE(
      fails_with([&] { find_node(graph, "feature_0"); }, {"no node is called", "feature_0", "the nearest", "features_0"}));
  EXPECT_TRUE(fails_with([&] { at(graph, "features_0", {0, 4, 0}); }, {"is not in the result of an image, [1, 4, 4]"}));
  EXPECT_TRUE(fails_with([&] { at(graph, "features_0", {0, -1, 0}); }, {"is not in the result"}));
  EXPECT_TRUE(fails_with([&] { at(graph, "features_0", {0, 0}); }, {"is not in the result"}));
  EXPECT_TRUE(fails_with([&] { explain(graph, image(), find_node(graph, "silu"), {0, 0, 0}, 1); }, {"image 1: there are 1"}));
}

TEST(ExplainAll, EachWayOfAConvolutionIsChecked) {
  const auto checks = check_all(small(), image());
  std::vector<std::string> ways;
  for (const NodeCheck& check : checks)
    if (check.name == "features_0") ways.push_back(check.way);
  EXPECT_THAT(ways, testing::Contains("im2col"));
  for (const NodeCheck& check : checks) EXPECT_EQ(check.equal, check.total) << check.name << " " << check.way;
}

}  // namespace
}  // namespace octet::quant
