#include "quant/explain/explain.h"

#include <algorithm>
#include <set>

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
  return std::visit([]<class T>(const T&) { return nn::op::OnCodes<T>; }, op);
}

/// The code, or of dequantize the float.
float by_definition(const Call& call, const Story& story) {
  return std::visit(
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

/// Compares all outputs of a node, in rows of the result.
NodeCheck check_node(const nn::Node& node, const std::vector<Operand>& in, const Tensor& value) {
  const Operand result(node, value);
  NodeCheck check{.name = node.name, .type = nn::type_name(node), .total = value.numel()};
  const int64_t rows = result.images() * result.height();
  std::vector<int64_t> equal(static_cast<size_t>(rows), 0);
  std::vector<std::optional<Place>> differs(static_cast<size_t>(rows));
  ops::Failure failure;
#pragma omp parallel for schedule(dynamic)
  for (int64_t row = 0; row < rows; ++row) {
    failure.keep([&] {
      const auto i = static_cast<size_t>(row);
      for (int64_t w = 0; w < result.width(); ++w)
        for (int64_t c = 0; c < result.channels(); ++c) {
          const Place at{row / result.height(), c, row % result.height(), w};
          const bool same = by_definition({node, in, at}, {}) == result.raw(at);
          equal[i] += same;
          if (!same && !differs[i]) differs[i] = at;
        }
    });
  }
  failure.rethrow();
  for (size_t i = 0; i < equal.size(); ++i) {
    check.equal += equal[i];
    if (!check.first) check.first = differs[i];
  }
  if (check.first) {
    check.by_definition = by_definition({node, in, *check.first}, {});
    check.by_octet = result.raw(*check.first);
  }
  return check;
}

/// The same codes again, by other kernels: where do they differ from codes that were checked?
NodeCheck compared(const NodeCheck& checked, std::string way, const nn::Node& node, const Tensor& wanted, const Tensor& got) {
  OCTET_CHECK(wanted.shape() == got.shape() && wanted.dtype() == got.dtype(), "node '", node.name, "', ", way, ": ", got.dtype(),
              " ", got.shape(), ", expected ", wanted.dtype(), " ", wanted.shape());
  const Operand a(node, wanted), b(node, got);
  NodeCheck check{.name = checked.name, .type = checked.type, .way = std::move(way), .total = wanted.numel()};
  for (int64_t n = 0; n < a.images(); ++n)
    for (int64_t h = 0; h < a.height(); ++h)
      for (int64_t w = 0; w < a.width(); ++w)
        for (int64_t c = 0; c < a.channels(); ++c) {
          const Place at{n, c, h, w};
          const bool same = a.raw(at) == b.raw(at);
          check.equal += same;
          if (same || check.first) continue;
          check.first = at;
          check.by_definition = a.raw(at);
          check.by_octet = b.raw(at);
        }
  return check;
}

/// The way that a convolution goes by itself, and each other one that there is.
void check_ways(const nn::Node& node, const Tensor& x, const Tensor& wanted, const NodeCheck& checked, auto&& report) {
  const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&node.op);
  if (!conv) return;
  for (const ops::int8::ConvAlgorithm algorithm : ops::int8::kConvAlgorithms) {
    if (algorithm == conv->layer->algorithm(x.shape()) || !conv->layer->has(algorithm, x.shape())) continue;
    ops::int8::Conv2dParams params = conv->layer->params();
    params.choices = {ops::int8::choice_here(x.shape(), algorithm)};
    report(compared(checked, ops::int8::name_of(algorithm), node, wanted, ops::int8::Conv2d(std::move(params))(x)));
  }
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
  std::unordered_map<std::string, const nn::Node*> by_name;
  std::unordered_map<std::string, NodeCheck> checked;
  for (const nn::Node& node : graph.nodes()) {
    if (!values.contains(&node) || node.kind == nn::NodeKind::placeholder) continue;
    const Tensor& value = values.at(&node);
    if (!is_defined(node.op)) {
      report({.name = node.name, .type = nn::type_name(node)});
      continue;
    }
    NodeCheck check = check_node(node, operands_of(node, values), value);
    if (const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&node.op))
      check.way = ops::int8::name_of(conv->layer->algorithm(values.at(node.inputs[0]).shape()));
    report(check);
    check_ways(node, node.inputs.empty() ? Tensor() : values.at(node.inputs[0]), value, check, report);
    by_name[node.name] = &node;
    checked[node.name] = std::move(check);
  }
  const nn::Graph fused = nn::optimize_for_inference(graph);
  nn::run_all(fused, batch, [&](const nn::Node& node, const Tensor& value) {
    const auto it = by_name.find(node.name);
    if (it == by_name.end() || !nn::is<nn::op::Lowered>(node.op)) return;
    report(compared(checked.at(node.name), "fused", *it->second, values.at(it->second), value));
  });
  return checks;
}

}  // namespace octet::quant
