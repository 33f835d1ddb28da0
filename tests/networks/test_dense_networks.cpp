// A network of two inputs and four results with all ops of images (tests/golden/golden_pt2.py, Segments), through octet's passes and formats;
// and one with other norms (Norms).
#include <gtest/gtest.h>

#include "networks/pt2/to_graph.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/runner.h"
#include "nn/graph_module.h"
#include "quant/checks/compare.h"
#include "quant/checks/verify_by_hand.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/formats/to_pytorch.h"
#include "quant/passes/calibrate.h"
#include "quant/passes/convert.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/prepare.h"
#include "tests/networks/read_back.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"

namespace octet::networks {
namespace {

using test::fails_with;
using test::random_floats;

nn::Graph network(const std::string& name) {
  return to_graph(read_pt2(loaders::File(test::golden_path("pt2/" + name + ".pt2"))));
}

nn::Batch segments_batch(int64_t n = 3) {
  return std::vector<Tensor>{random_floats({n, 3, 16, 16}, 1), random_floats({n, 2, 7, 9}, 2)};
}

struct Quantized {
  quant::QConfigMapping mapping;
  nn::Graph prepared, int8;
};
Quantized quantized(const std::string& name, const nn::Batch& batch, const std::string& backend) {
  quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
  nn::Graph prepared = quant::prepare(network(name), mapping);
  bool shown = false;
  quant::calibrate(prepared, [&]() -> std::optional<nn::Batch> {
    if (std::exchange(shown, true)) return std::nullopt;
    return batch;
  });
  nn::Graph int8 = quant::convert(prepared, mapping);
  return {std::move(mapping), std::move(prepared), std::move(int8)};
}

void expect_equal(const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(test::bits_equal(got[i], want[i])) << i;
}

TEST(DenseNetworks, OptimizedGivesTheSameFloats) {
  const nn::Graph graph = network("segments");
  const std::vector<Tensor> want = nn::run_all(graph, segments_batch()),
                            got = nn::run_all(nn::optimize_for_inference(graph), segments_batch());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(test::all_close(got[i], want[i], 1e-5f, 1e-5f)) << i;
}

TEST(DenseNetworks, EveryFormKeepsTheCodes) {
  for (const char* backend : {"qnnpack", "x86", "onednn", "x86_vnni"}) {
    const Quantized q = quantized("segments", segments_batch(), backend);
    const std::vector<Tensor> want = nn::run_all(q.int8, segments_batch());
    expect_equal(nn::run_all(quant::load_graph(quant::save_graph(q.int8, {}), "model"), segments_batch()), want);
    expect_equal(nn::run_all(nn::optimize_for_inference(q.int8), segments_batch()), want);
    const StateDict state = quant::state_dict_for_pytorch(q.prepared, q.mapping);
    expect_equal(
        nn::run_all(quant::graph_from_pytorch(network("segments"), state, q.mapping.engine(), "state"), segments_batch()), want);
  }
}

/// Its float parts (the affine at the beginning, a group norm) are written in steps, whose last bits may move a code.
TEST(DenseNetworks, Int8OnnxIsReadBack) {
  for (const char* backend : {"qnnpack", "x86", "onednn"}) {
    const Quantized q = quantized("segments", segments_batch(), backend);
    test::expect_read_back(q.int8, q.mapping.engine(), segments_batch());
  }
}

TEST(DenseNetworks, CodesAreThoseOfFakeQuantization) {
  const Quantized q = quantized("segments", segments_batch(), "x86");
  const auto rows = quant::compare(quant::fake_quantize(q.prepared, q.mapping), q.int8, segments_batch());
  EXPECT_GT(rows.size(), 12u);
  for (const quant::NodeComparison& row : rows) EXPECT_FALSE(row.suspicious()) << row.name;
  const auto check = quant::verify_first_layer(q.int8, segments_batch(1));
  ASSERT_TRUE(check.has_value());  // of the second input: the first one is float at its first call
  EXPECT_EQ(check->equal, check->total);
}

TEST(DenseNetworks, BatchesThatDoNotFitAreRefused) {
  const nn::Graph graph = network("segments");
  const Tensor x = random_floats({1, 3, 16, 16}, 1);
  EXPECT_TRUE(fails_with([&] { nn::run_all(graph, x); }, {"the network has 2 inputs, got 1"}));
  EXPECT_TRUE(fails_with([&] { nn::run(graph, segments_batch()); }, {"the network has 4 results, expected one"}));
  nn::Runner run(graph);
  EXPECT_TRUE(fails_with([&] { run(x); }, {"2 inputs and 4 results, expected one of each"}));
  expect_equal(run(segments_batch()), nn::run_all(graph, segments_batch()));
  EXPECT_TRUE(fails_with([&] { nn::GraphModule{graph}; }, {"2 inputs and 4 results cannot be trained"}));
}

TEST(DenseNetworks, OtherNormsAreTrained) {
  const nn::Graph graph = network("norms");
  nn::GraphModule model(graph);
  const Tensor x = random_floats({2, 3, 16, 16}, 1);
  nn::Recording recording(nn::Recording::Purpose::backward);
  const nn::Value y = model(nn::Value(x));
  const Tensor dy = random_floats(y.tensor().shape(), 2);
  recording.backward(y, dy.clone());
  for (const auto& p : model.parameters()) {
    if (p.key != "prelus.weight" && p.key != "instance.bias" && p.key != "rows.weight") continue;  // others take long
    Tensor weight = p.value.tensor();
    const nn::NoGrad pause;
    const auto f = [&] { return model(nn::Value(x)).tensor(); };
    EXPECT_TRUE(test::gradient_is(p.value.grad(), weight, dy, f, 200)) << p.key;
  }
}

TEST(DenseNetworks, PReluStaysFloatAndIsNotExported) {
  const nn::Batch x = random_floats({2, 3, 16, 16}, 1);
  const Quantized q = quantized("norms", x, "qnnpack");
  expect_equal(nn::run_all(quant::load_graph(quant::save_graph(q.int8, {}), "model"), x), nn::run_all(q.int8, x));
  EXPECT_TRUE(fails_with([&] { quant::state_dict_for_pytorch(q.prepared, q.mapping); }, {"is kept in float"}));
}

}  // namespace
}  // namespace octet::networks
