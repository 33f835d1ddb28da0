#include "nn/graph/cost.h"

#include <algorithm>

#include "nn/graph/executor.h"
#include "nn/graph/ops.h"
#include "nn/graph/result_shape.h"

namespace octet::nn {
namespace {

int64_t bytes_of(const Node& node, const Shape& shape) {
  return times(numel(shape), info(node.op).gives == op::Values::codes ? 1 : 4);
}

/// Ops whose result is their input under another shape.
template <class T>
constexpr bool kIsView = false;
template <>
constexpr bool kIsView<op::Placeholder> = true;
template <>
constexpr bool kIsView<op::Output> = true;
template <>
constexpr bool kIsView<op::Dropout> = true;
template <>
constexpr bool kIsView<op::QuantizedDropout> = true;
template <>
constexpr bool kIsView<op::Flatten> = true;
template <>
constexpr bool kIsView<op::View> = true;
template <>
constexpr bool kIsView<op::QuantizedView> = true;

/// The input's bytes become the result's; where others still read the input, both are counted.
bool takes_over(const Plan::Step& step) {
  const bool view = visit([]<class T>(const T&) { return kIsView<T>; }, step.node->op);
  return view && (step.inputs.empty() || step.inputs[0].last_use);
}

/// "1.5 GB"; with a number for each image "2500 billion".
std::string gigabytes(int64_t bytes) {
  const double millions = static_cast<double>(bytes) / 1e6;
  return millions < 1000 ? str(std::max<int64_t>(1, static_cast<int64_t>(millions)), " MB")
                         : str(static_cast<double>(static_cast<int64_t>(millions / 100)) / 10, " GB");
}
std::string billions(int64_t count) { return str(count / 1'000'000'000, " billion"); }

}  // namespace

Cost cost_of(const Graph& graph, const std::vector<Shape>& inputs) {
  const Plan plan(graph);
  OCTET_CHECK(plan.inputs() == inputs.size(), "the network has ", plan.inputs(), " inputs, got ", inputs.size());
  std::vector<Shape> shapes;
  std::vector<Shape> in;
  Cost cost;
  int64_t live = 0;
  for (const Shape& input : inputs) live = plus(live, times(numel(input), 4));
  for (const Plan::Step& step : plan.steps()) {
    const Node& node = *step.node;
    in.clear();
    for (const Plan::Operand& operand : step.inputs) in.push_back(shapes[operand.step]);
    if (node.kind == NodeKind::placeholder) in.push_back(inputs[step.placeholder]);
    const Shape& y = shapes.emplace_back(result_shape(node, in));
    const Effort effort = effort_of(node, in, y);
    cost.multiply_adds = plus(cost.multiply_adds, effort.multiply_adds);
    const int64_t made = takes_over(step) ? 0 : bytes_of(node, y), most = plus(live, plus(made, effort.bytes));
    if (most > cost.bytes) cost.bytes = most, cost.largest = &node;
    if (takes_over(step)) continue;
    live = plus(live, step.is_read ? made : 0);
    for (const Plan::Operand& operand : step.inputs)
      if (operand.last_use) live -= std::min(live, bytes_of(*plan.steps()[operand.step].node, shapes[operand.step]));
  }
  return cost;
}

void check_cost(const Graph& graph, const std::vector<Shape>& inputs, const CostLimits& limits) {
  const Cost cost = cost_of(graph, inputs);
  const Shape input = inputs.empty() ? Shape{} : inputs[0];
  OCTET_CHECK(cost.bytes <= limits.bytes, "it wants ", gigabytes(cost.bytes), " of memory, most of it at node '",
              cost.largest->name, "', and may take ", gigabytes(limits.bytes),
              "; use a smaller batch or smaller images, or allow more with --max-memory");
  const int64_t images = std::max<int64_t>(1, input.empty() ? 1 : input[0]), each = cost.multiply_adds / images;
  OCTET_CHECK(each <= limits.multiply_adds, "it wants ", billions(each), " multiply-adds for an image, and may take ",
              billions(limits.multiply_adds), "; use smaller images, or allow more with --max-work");
}

}  // namespace octet::nn
