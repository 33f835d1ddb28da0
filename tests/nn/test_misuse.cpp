// Wrong calls of layers and graphs: each is an Error.
#include <gtest/gtest.h>

#include "nn/graph/executor.h"
#include "nn/graph/ops/function.h"
#include "nn/layers/conv2d.h"
#include "tests/support/compare.h"

namespace octet::nn {
namespace {

using test::fails_with;

TEST(Misuse, GroupsThatDoNotDivideTheChannels) {
  for (const int64_t groups : {0, -1, 2})
    EXPECT_TRUE(
        fails_with([&] { Conv2d(3, 4, {.kernel = 3, .groups = groups}); }, {"3 and 4 channels in " + std::to_string(groups)}));
}

TEST(Misuse, AFunctionThatIsNone) {
  Graph graph;
  Node* x = graph.append({.name = "x", .kind = NodeKind::placeholder, .op = op::Placeholder{}});
  Node* f = graph.append({.name = "f", .op = op::Function{}, .inputs = {x}});
  graph.append({.name = "output", .kind = NodeKind::output, .op = op::Output{}, .inputs = {f}});
  EXPECT_TRUE(fails_with([&] { run(graph, Tensor::zeros({1, 3, 8, 8})); }, {"'f' has no function to call"}));
}

}  // namespace
}  // namespace octet::nn
