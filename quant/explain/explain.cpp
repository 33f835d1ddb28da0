// Runs the graph once, and feeds each definition what the node itself was fed.
#include "quant/explain/explain.h"

#include <algorithm>
#include <set>

#include "nn/graph/ops.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/print.h"
#include "ops/support/failure.h"
#include "quant/explain/definitions.h"
#include "quant/qconfig/nearest_names.h"
#include "tensor/text.h"

namespace octet::quant {
namespace {

/// What each node gave, and the graph's inputs.
using Values = std::unordered_map<const nn::Node*, Tensor>;

/// until: the last node that is wanted; null: all.
Values run_once(const nn::Graph& graph, const nn::Batch& batch, const nn::Node* until = nullptr) {
  Values values;
  const std::vector<const nn::Node*> inputs = graph.placeholders();
  for (size_t i = 0; i < inputs.size() && i < batch.inputs.size(); ++i) values[inputs[i]] = batch.inputs[i];
  const nn::Plan plan(graph);
  size_t steps = 0;
  while (steps < plan.steps().size() && (steps == 0 || plan.steps()[steps - 1].node != until)) ++steps;
  nn::Execution(plan).run(0, steps, batch, [&](const nn::Node& node, const Tensor& value) { values[&node] = value; });
  return values;
}

std::vector<Operand> operands_of(const nn::Node& node, const Values& values) {
  std::vector<Operand> in;
  for (const nn::Node* input : node.inputs) in.emplace_back(*input, values.at(input));
  return in;
}

/// Does the definition say what this op gives? An op on codes without a definition does not compile.
bool is_defined(const nn::Op& op) {
  return nn::visit([]<class T>(const T&) { return nn::op::OnCodes<T>; }, op);
}

/// The code, or of dequantize the float.
float by_definition(const Call& call, const Story& story) {
  return nn::visit(
      [&]<class T>(const T& o) -> float {
        if constexpr (!nn::op::OnCodes<T>)
          fail("node '", call.node.name, "' computes in float");
        else if constexpr (T::kInfo.gives.value == nn::op::Values::codes)
          return static_cast<float>(code_of(o, call, story));
        else
          return value_of(o, call, story);
      },
      call.node.op);
}

/// Of a float op: what goes in where it comes out, if its shape stays.
void tell_float(const std::vector<Operand>& in, const Operand& result, const Place& at, const Story& story) {
  story.say("this call computes in float, so that there are no codes to explain");
  for (const Operand& x : in)
    if (x.shape() == result.shape())
      story.say("in: ", x.name(), " has ", Shown{x.real(at)}, " there");
    else
      story.say("in: ", x.name(), " ", x.shape());
}

/// All outputs of a node by its definition, as the node's own `value` lies.
Tensor all_by_definition(const nn::Node& node, const std::vector<Operand>& in, const Tensor& value) {
  const Operand result(node, value);
  Tensor defined(value.shape(), value.dtype());
  const auto store = [&, codes = result.is_codes()](int64_t i, float y) {
    if (codes)
      defined.data<uint8_t>()[i] = static_cast<uint8_t>(y);
    else
      defined.data<float>()[i] = y;
  };
  ops::Failure failure;
#pragma omp parallel for schedule(dynamic)
  for (int64_t row = 0; row < result.images() * result.height(); ++row)
    failure.keep([&] {
      for (int64_t w = 0; w < result.width(); ++w)
        for (int64_t c = 0; c < result.channels(); ++c) {
          const Place at{row / result.height(), c, row % result.height(), w};
          store(result.index(at), by_definition({node, in, at}, {}));
        }
    });
  failure.rethrow();
  return defined;
}

/// What kernels gave against the definition.
NodeCheck compared(const nn::Node& node, std::string way, const Tensor& defined, const Tensor& got) {
  OCTET_CHECK(defined.shape() == got.shape() && defined.dtype() == got.dtype(), "node '", node.name, "', ", way, ": ",
              got.dtype(), " ", got.shape(), ", expected ", defined.dtype(), " ", defined.shape());
  const Operand want(node, defined), have(node, got);
  NodeCheck check{.name = node.name, .type = nn::type_name(node), .way = std::move(way), .total = defined.numel()};
  for (int64_t n = 0; n < want.images(); ++n)
    for (int64_t h = 0; h < want.height(); ++h)
      for (int64_t w = 0; w < want.width(); ++w)
        for (int64_t c = 0; c < want.channels(); ++c) {
          const Place at{n, c, h, w};
          const bool same = want.raw(at) == have.raw(at);
          check.equal += same;
          if (same || check.first) continue;
          check.first = at;
          check.by_definition = want.raw(at);
          check.by_octet = have.raw(at);
        }
  return check;
}

/// Each way that a convolution does not go by itself, and could.
void check_other_ways(const nn::Node& node, const Tensor& x, const Tensor& defined, auto&& report) {
  const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op);
  if (!conv) return;
  for (const ops::int8::ConvAlgorithm algorithm : ops::int8::kConvAlgorithms) {
    if (algorithm == conv->layer->algorithm(x.shape()) || !conv->layer->has(algorithm, x.shape())) continue;
    ops::int8::Conv2dParams params = conv->layer->params();
    params.choices = {ops::int8::choice_here(x.shape(), algorithm)};
    report(compared(node, ops::int8::name_of(algorithm), defined, ops::int8::Conv2d(std::move(params))(x)));
  }
}

/// The way that a convolution goes by itself; "" of another op.
std::string own_way(const nn::Node& node, const Values& values) {
  const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op);
  return conv ? ops::int8::name_of(conv->layer->algorithm(values.at(node.inputs[0]).shape())) : "";
}

}  // namespace

bool has_codes(const nn::Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [](const nn::Node& node) { return is_defined(node.op); });
}

const nn::Node& find_node(const nn::Graph& graph, const std::string& name) {
  std::set<std::string> known;
  const nn::Node* by_target = nullptr;
  for (const nn::Node& node : graph.nodes()) {
    if (node.kind != nn::NodeKind::call_module && node.kind != nn::NodeKind::call_function) continue;
    if (node.name == name) return node;
    if (node.kind == nn::NodeKind::call_module && node.target == name && !by_target) by_target = &node;
    known.insert(node.name);
  }
  if (by_target) return *by_target;
  std::string nearest;
  for (const std::string& candidate : nearest_names(name, known)) nearest += (nearest.empty() ? "" : ", ") + quoted(candidate);
  fail("no node is called ", quoted(name), "; the nearest: ", nearest);
}

Place place_in(const Shape& shape, const std::vector<int64_t>& indices, int64_t image) {
  bool inside = indices.size() == shape.size();
  for (size_t d = 0; inside && d < shape.size(); ++d) inside = indices[d] >= 0 && indices[d] < shape[d];
  OCTET_CHECK(inside, "place ", Shape(indices.begin(), indices.end()), " is not in the result of an image, ", shape,
              "; expected an index below each of these, counted from 0");
  const size_t channel_dims = shape.size() >= 3 ? shape.size() - 2 : 1;
  Place at{.n = image};
  for (size_t d = 0; d < channel_dims; ++d) at.c = at.c * shape[d] + indices[d];
  if (shape.size() >= 3) at.h = indices[channel_dims], at.w = indices[channel_dims + 1];
  return at;
}

Explanation explain(const nn::Graph& graph, const nn::Batch& batch, const nn::Node& node, const std::vector<int64_t>& indices,
                    int64_t image) {
  const Values values = run_once(graph, batch, &node);
  const Operand result(node, values.at(&node));
  OCTET_CHECK(image >= 0 && image < result.images(), "image ", image, ": there are ", result.images(), ", counted from 0");
  const Place at = place_in(result.shape(), indices, image);
  const std::vector<Operand> in = operands_of(node, values);
  Explanation e;
  e.type = nn::describe(node);
  e.shape = result.shape();
  e.by_octet = result.raw(at);
  if (result.is_codes()) e.qparams = result.qparams();
  const Story story(e.lines);
  if (is_defined(node.op))
    e.by_definition = by_definition({node, in, at}, story);
  else
    tell_float(in, result, at, story);
  return e;
}

std::vector<NodeCheck> check_all(const nn::Graph& graph, const nn::Batch& batch,
                                 const std::function<void(const NodeCheck&)>& on_check) {
  std::vector<NodeCheck> checks;
  const auto report = [&](NodeCheck check) {
    if (on_check) on_check(check);
    checks.push_back(std::move(check));
  };
  const Values values = run_once(graph, batch);
  std::unordered_map<std::string, std::pair<const nn::Node*, Tensor>> defined;  // by the node's name
  for (const nn::Node& node : graph.nodes()) {
    if (!values.contains(&node) || node.kind == nn::NodeKind::placeholder) continue;
    const Tensor& value = values.at(&node);
    if (!is_defined(node.op)) {
      report({.name = node.name, .type = nn::type_name(node)});
      continue;
    }
    const Tensor wanted = all_by_definition(node, operands_of(node, values), value);
    report(compared(node, own_way(node, values), wanted, value));
    check_other_ways(node, values.at(node.inputs[0]), wanted, report);
    defined[node.name] = {&node, wanted};
  }
  const nn::Graph fused = nn::optimize_for_inference(graph);
  nn::run_all(fused, batch, [&](const nn::Node& node, const Tensor& value) {
    const auto it = defined.find(node.name);
    if (it == defined.end() || !nn::is<nn::op::Lowered>(node.op)) return;
    report(compared(*it->second.first, "fused", it->second.second, value));
  });
  return checks;
}

}  // namespace octet::quant
