// Tuning chooses among ways to the same codes, and its choices survive the model file.
#include "nn/graph/passes/tune.h"

#include "nn/graph/executor.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/timing.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "ops/cpu/isa.h"
#include "quant/formats/model_file.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using ops::int8::ConvAlgorithm;

struct Int8Net {
  Tensor x = test::hashed_values({2, 3, 64, 64}, 7, 2.0);
  nn::Graph graph;
  explicit Int8Net(nn::Network network = nn::Network::resnet18) {
    const auto model = nn::make_model({network}, 10);
    test::fill_by_formula(*model);
    const QConfigMapping qconfig = get_default_qconfig_mapping("qnnpack");
    const nn::Graph prepared = prepare(nn::trace(*model, x), qconfig);
    nn::run(prepared, x);
    graph = convert(prepared, qconfig);
  }
};

template <class F>
void for_each_conv(nn::Graph& graph, F&& f) {
  for (nn::Node& node : graph.nodes())
    if (auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op)) f(*conv);
}

/// How many layers of the network have that way; each then goes it, and the network's answer must stay.
int layers_going(const Int8Net& net, ConvAlgorithm algorithm, const Tensor& want) {
  nn::Graph forced = net.graph.clone();
  int layers = 0;
  for (const nn::NodeTime& t : nn::time_nodes(net.graph, net.x, 0))
    for_each_conv(forced, [&](nn::op::QuantizedConv2d& conv) {
      const auto* original = nn::get_if<nn::op::QuantizedConv2d>(t.node->op);
      if (original == nullptr || original->layer != conv.layer || !conv.layer->has(algorithm, t.input)) return;
      auto params = conv.layer->params();
      params.choices = {choice_here(t.input, algorithm)};
      conv.layer = std::make_shared<const ops::int8::Conv2d>(params);
      EXPECT_EQ(conv.layer->algorithm(t.input), algorithm);
      ++layers;
    });
  EXPECT_TRUE(test::bits_equal(nn::run(forced, net.x), want)) << name_of(algorithm);
  return layers;
}

TEST(Tune, EveryWayGivesTheSameCodes) {
  const Int8Net net;
  const Tensor want = nn::run(net.graph, net.x);
  for (const ConvAlgorithm algorithm : ops::int8::kConvAlgorithms) {
    const int layers = layers_going(net, algorithm, want);
    if (algorithm == ConvAlgorithm::im2col) {
      EXPECT_EQ(layers, 20);
    } else if (algorithm == ConvAlgorithm::depthwise) {
      EXPECT_EQ(layers, 0);
    } else if (algorithm != ConvAlgorithm::winograd_fused && ops::cpu::active_isa().worthwhile.direct) {
      EXPECT_GT(layers, 0) << name_of(algorithm);
    }
  }
}

TEST(Tune, EveryWayOfDepthwiseLayersGivesTheSameCodes) {
  const Int8Net net(nn::Network::mobilenet_v2);
  const Tensor want = nn::run(net.graph, net.x);
  EXPECT_EQ(layers_going(net, ConvAlgorithm::depthwise, want), 17);
  EXPECT_EQ(layers_going(net, ConvAlgorithm::im2col, want), 52);
  EXPECT_EQ(layers_going(net, ConvAlgorithm::direct, want), ops::cpu::active_isa().worthwhile.direct ? 52 : 0);
}

TEST(Tune, ChoicesAreKeptInTheFileBesideThoseForOtherMachines) {
  Int8Net net;
  ops::int8::ConvChoice elsewhere = ops::int8::choice_here({1, 7, 7, 3}, ConvAlgorithm::im2col);
  elsewhere.isa = "another";
  for_each_conv(net.graph, [&](nn::op::QuantizedConv2d& conv) {
    auto params = conv.layer->params();
    params.choices = {elsewhere};
    conv.layer = std::make_shared<const ops::int8::Conv2d>(params);
  });
  const nn::Graph tuned = tune(tune(net.graph, net.x, 0), net.x, 0);  // the second replaces the first's choices
  nn::Graph loaded = load_graph(save_graph(tuned, {}), "test");
  for_each_conv(loaded, [&](nn::op::QuantizedConv2d& conv) {
    const auto& choices = conv.layer->params().choices;
    ASSERT_EQ(choices.size(), 2u);
    EXPECT_EQ(choices[0].isa, "another");
    const auto [isa, threads, batch, height, width, algorithm] = choices[1];
    EXPECT_TRUE(choices[1].is_for(ops::int8::choice_here({batch, height, width, 3}, ConvAlgorithm::direct)));
    EXPECT_TRUE(batch == 2 || batch == 1);  // the images run in parts, whose size follows from the number of threads
    EXPECT_TRUE(conv.layer->has(algorithm, {batch, height, width, conv.layer->params().weight.size(1)}));
  });
  EXPECT_TRUE(test::bits_equal(nn::run(loaded, net.x), nn::run(net.graph, net.x)));

  SavedModel damaged = save_graph(tuned, {});
  std::string& json = damaged.metadata["graph"];
  json.replace(json.find("\"algorithm\":\"im2col\""), 20, "\"algorithm\":\"magic1\"");
  EXPECT_THROW(load_graph(damaged, "test"), Error);
}

}  // namespace
}  // namespace octet::quant
