// The shapes that are inferred of each golden network, float and int8, are those that its ops give.
#include "nn/graph/result_shape.h"

#include <gtest/gtest.h>

#include "loaders/files/file.h"
#include "networks/pt2/program.h"
#include "networks/pt2/to_graph.h"
#include "nn/graph/executor.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/make.h"
#include "tests/support/paths.h"

namespace octet {
namespace {

void expect_shapes(const nn::Graph& graph, const Tensor& x) {
  std::map<const nn::Node*, Shape> shapes;
  for (const nn::Node& node : graph.nodes()) {
    std::vector<Shape> in;
    for (const nn::Node* input : node.inputs) in.push_back(shapes.at(input));
    if (node.kind == nn::NodeKind::placeholder) in.push_back(x.shape());
    shapes[&node] = nn::result_shape(node, in);
  }
  nn::run(graph, x, [&](const nn::Node& node, const Tensor& y) { EXPECT_EQ(shapes.at(&node), y.shape()) << node.name; });
}

class ResultShape : public ::testing::TestWithParam<const char*> {};

TEST_P(ResultShape, IsWhatTheOpsGive) {
  const auto program = networks::read_pt2(loaders::File(test::source_dir() + "/tests/golden/pt2/" + GetParam() + ".pt2"));
  const nn::Graph graph = networks::to_graph(program);
  Shape input = program.shapes.at(program.inputs[0]);
  for (int64_t& size : input) size = size < 0 ? 2 : size;
  const Tensor x = test::random_floats(input, 3);
  expect_shapes(graph, x);
  const quant::QConfigMapping mapping = quant::get_default_qconfig_mapping("x86");
  const nn::Graph prepared = quant::prepare(graph, mapping);
  expect_shapes(prepared, x);
  const nn::Graph int8 = quant::convert(prepared, mapping);
  expect_shapes(int8, x);
}

INSTANTIATE_TEST_SUITE_P(Goldens, ResultShape,
                         ::testing::Values("branches", "gates", "perceptron", "shifts", "shuffles", "views"));

}  // namespace
}  // namespace octet
