// A network of torch.export with MobileNetV3's gate and calls that FX leaves in float (tests/golden/golden_pt2.py, Gates), through
// octet's passes and formats.
#include <gtest/gtest.h>

#include <set>

#include "networks/pt2/to_graph.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph_module.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/formats/to_pytorch.h"
#include "quant/passes/convert.h"
#include "quant/passes/patterns.h"
#include "quant/passes/prepare.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"
#include "tests/support/onnx_codes.h"

namespace octet::networks {
namespace {

using test::Golden;

nn::Graph gates() { return to_graph(read_pt2(loaders::File(test::golden_path("pt2/gates.pt2")))); }
const Tensor& images() {
  static const Tensor x = Golden("pt2/gates_qnnpack")["x"];
  return x;
}

struct Quantized {
  quant::QConfigMapping mapping;
  nn::Graph prepared, int8;
};
Quantized quantized(const std::string& backend) {
  quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
  nn::Graph prepared = quant::prepare(gates(), mapping);
  nn::run(prepared, images());
  nn::Graph int8 = quant::convert(prepared, mapping);
  return {std::move(mapping), std::move(prepared), std::move(int8)};
}

TEST(Gates, OptimizedTheyGiveTheSameFloats) {
  const nn::Graph graph = gates();
  EXPECT_TRUE(test::all_close(nn::run(nn::optimize_for_inference(graph), images()), nn::run(graph, images()), 1e-5f, 1e-5f));
}

TEST(Gates, ModelFileKeepsThem) {
  for (const char* backend : {"qnnpack", "fbgemm"}) {
    const nn::Graph int8 = quantized(backend).int8, loaded = quant::load_graph(quant::save_graph(int8, {}), "model");
    EXPECT_TRUE(test::bits_equal(nn::run(loaded, images()), nn::run(int8, images()))) << backend;
    EXPECT_TRUE(test::bits_equal(nn::run(nn::optimize_for_inference(int8), images()), nn::run(int8, images()))) << backend;
  }
}

TEST(Gates, PyTorchsStateDictHasTheKeysOfConvertFx) {
  for (const char* backend : {"qnnpack", "fbgemm"}) {
    const Quantized q = quantized(backend);
    const StateDict state = quant::state_dict_for_pytorch(q.prepared, q.mapping);
    const nn::Graph again = quant::graph_from_pytorch(gates(), state, q.mapping.engine(), "state");
    EXPECT_TRUE(test::bits_equal(nn::run(again, images()), nn::run(q.int8, images()))) << backend;
    const StateEntry* bias = state.find("conv.bias");  // of a convolution that has none: zeros or None
    ASSERT_NE(bias, nullptr) << backend;
    EXPECT_EQ(bias->tensor.defined(), q.mapping.engine() == ops::int8::Engine::qnnpack);
  }
}

TEST(Gates, OnnxGivesTheSameCodes) {
  for (const char* backend : {"qnnpack", "x86"}) test::expect_onnx_codes(quantized(backend).int8, images());
}

TEST(Gates, CallsThatFxLeavesInFloatStayInFloat) {
  std::set<std::string> names;
  const nn::Graph int8 = quantized("qnnpack").int8;
  for (const nn::Node& node : int8.nodes())
    if (quant::has_int8_form(node.op) || quant::is_float_only(node.op)) names.insert(node.name);
  EXPECT_EQ(names, (std::set<std::string>{"silu", "relu_1", "flatten"}));
}

TEST(Gates, GradientsReachEveryParameter) {
  nn::GraphModule model(gates());
  model.eval();
  const auto forward = [&] { return model(nn::Value(images())).tensor(); };
  EXPECT_TRUE(test::bits_equal(forward(), nn::run(gates(), images())));
  const Tensor dy = test::random_floats(forward().shape(), 3);
  {
    nn::Recording recording(nn::Recording::Purpose::backward);
    const nn::Value y = model(nn::Value(images()));
    recording.backward(y, dy);
  }
  for (const nn::Module::State& parameter : model.parameters()) {
    const Tensor& gradient = parameter.value.grad();
    ASSERT_TRUE(gradient.defined()) << parameter.key;
    if (parameter.key == "Stem.weight") continue;  // a step of it changes which pixels are the largest of their windows
    EXPECT_TRUE(test::gradient_is(gradient, parameter.value.tensor(), dy, forward, 300)) << parameter.key;
  }
}

}  // namespace
}  // namespace octet::networks
