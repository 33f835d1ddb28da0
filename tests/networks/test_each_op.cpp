// Networks of torch.export with many ops and with calls that FX leaves in float (tests/golden/golden_pt2.py, Gates and Shuffles), through
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
#include "tests/networks/read_back.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"
#include "tests/support/onnx_codes.h"

namespace octet::networks {
namespace {

using test::Golden;

class EachOp : public testing::TestWithParam<const char*> {
 protected:
  nn::Graph network() const { return to_graph(read_pt2(loaders::File(test::golden_path(str("pt2/", GetParam(), ".pt2"))))); }
  const Tensor& images() const { return images_; }

  struct Quantized {
    quant::QConfigMapping mapping;
    nn::Graph prepared, int8;
  };
  Quantized quantized(const std::string& backend) const {
    quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
    nn::Graph prepared = quant::prepare(network(), mapping);
    nn::run(prepared, images());
    nn::Graph int8 = quant::convert(prepared, mapping);
    return {std::move(mapping), std::move(prepared), std::move(int8)};
  }

 private:
  const Tensor images_ = Golden(str("pt2/", GetParam(), "_qnnpack"))["x"];
};

TEST_P(EachOp, OptimizedTheyGiveTheSameFloats) {
  const nn::Graph graph = network();
  EXPECT_TRUE(test::all_close(nn::run(nn::optimize_for_inference(graph), images()), nn::run(graph, images()), 1e-5f, 1e-5f));
}

TEST_P(EachOp, ModelFileKeepsThem) {
  for (const char* backend : {"qnnpack", "fbgemm"}) {
    const nn::Graph int8 = quantized(backend).int8, loaded = quant::load_graph(quant::save_graph(int8, {}), "model");
    EXPECT_TRUE(test::bits_equal(nn::run(loaded, images()), nn::run(int8, images()))) << backend;
    EXPECT_TRUE(test::bits_equal(nn::run(nn::optimize_for_inference(int8), images()), nn::run(int8, images()))) << backend;
  }
}

TEST_P(EachOp, PyTorchsStateDictHasTheKeysOfConvertFx) {
  for (const char* backend : {"qnnpack", "fbgemm"}) {
    const Quantized q = quantized(backend);
    const StateDict state = quant::state_dict_for_pytorch(q.prepared, q.mapping);
    const nn::Graph again = quant::graph_from_pytorch(network(), state, q.mapping.engine(), "state");
    EXPECT_TRUE(test::bits_equal(nn::run(again, images()), nn::run(q.int8, images()))) << backend;
    const StateEntry* bias = state.find(GetParam() == std::string("gates") ? "conv.bias" : "grouped.bias");  // zeros or None
    ASSERT_NE(bias, nullptr) << backend;
    EXPECT_EQ(bias->tensor.defined(), q.mapping.engine() == ops::int8::Engine::qnnpack);
  }
}

TEST_P(EachOp, OnnxGivesTheSameCodes) {
  for (const char* backend : {"qnnpack", "x86"}) test::expect_onnx_codes(quantized(backend).int8, images());
}

TEST_P(EachOp, OnnxIsReadBackToTheSameCodes) {
  for (const char* backend : {"qnnpack", "x86"}) {
    const Quantized q = quantized(backend);
    test::expect_read_back(q.int8, q.mapping.engine(), images());
  }
}

TEST_P(EachOp, CallsThatFxLeavesInFloatStayInFloat) {
  std::set<std::string> names;
  const nn::Graph int8 = quantized("qnnpack").int8;
  for (const nn::Node& node : int8.nodes())
    if (quant::has_int8_form(node.op) || quant::is_float_only(node.op)) names.insert(node.name);
  if (GetParam() == std::string("gates"))
    EXPECT_EQ(names, (std::set<std::string>{"silu", "relu_1", "flatten"}));
  else
    EXPECT_EQ(names, (std::set<std::string>{"getitem", "getitem_1", "gelu", "gelu_1", "getitem_2", "getitem_3", "getitem_4"}));
}

TEST_P(EachOp, GradientsReachEveryParameter) {
  nn::GraphModule model(network());
  model.eval();
  const auto forward = [&] { return model(nn::Value(images())).tensor(); };
  EXPECT_TRUE(test::bits_equal(forward(), nn::run(network(), images())));
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

INSTANTIATE_TEST_SUITE_P(Pt2, EachOp, testing::Values("gates", "shuffles"));

}  // namespace
}  // namespace octet::networks
