#include "nn/graph/executor.h"

#include <span>

#include "ops/batch_norm.h"
#include "ops/conv/conv2d.h"
#include "ops/elementwise.h"
#include "ops/int8/pool.h"
#include "ops/int8/quantize.h"
#include "ops/linear.h"
#include "ops/pool.h"

namespace octet::nn {
namespace {

/// One overload per op: the table from op to function.
struct RunNode {
  const Node& node;
  std::span<const Tensor> in;

  Tensor operator()(const op::Placeholder&) const { return in[0]; }
  Tensor operator()(const op::Output&) const { return in[0]; }

  Tensor operator()(const op::Conv2d& o) const {
    OCTET_CHECK(!o.qat || !o.qat->batch_norm, "batch norm inside a convolution is for training; fold it first");
    return activated(ops::conv2d(in[0], weight(o.qat.get()), node.parameter("bias"), o.options), o.relu);
  }
  Tensor operator()(const op::Linear& o) const {
    return activated(ops::linear(in[0], weight(o.qat.get()), node.parameter("bias")), o.relu);
  }
  Tensor operator()(const op::BatchNorm& o) const {
    return ops::batch_norm(in[0], {node.parameter("weight"), node.parameter("bias"), node.parameter("running_mean"),
                                   node.parameter("running_var"), o.eps});
  }
  Tensor operator()(const op::Relu&) const { return ops::relu(in[0]); }
  Tensor operator()(const op::Relu6&) const { return ops::relu6(in[0]); }
  Tensor operator()(const op::MaxPool2d& o) const { return ops::max_pool2d(in[0], o.options); }
  Tensor operator()(const op::AdaptiveAvgPool2d& o) const { return ops::adaptive_avg_pool2d(in[0], o.output); }
  Tensor operator()(const op::AdaptiveMaxPool2d& o) const { return ops::adaptive_max_pool2d(in[0], o.output); }
  Tensor operator()(const op::Flatten&) const { return ops::flatten(in[0]); }
  Tensor operator()(const op::Dropout&) const { return in[0]; }
  Tensor operator()(const op::Add&) const { return ops::add(in[0], in[1]); }
  Tensor operator()(const op::Cat&) const { return ops::cat_channels(in); }
  Tensor operator()(const op::Function& o) const { return (*o.function)(in[0]); }
  Tensor operator()(const op::Lowered& o) const { return o.function(in); }

  Tensor operator()(const op::Quantize& o) const { return ops::int8::quantize(in[0], o.output); }
  Tensor operator()(const op::Dequantize& o) const { return ops::int8::dequantize(in[0], o.input); }
  Tensor operator()(const op::QuantizedConv2d& o) const { return (*o.layer)(in[0]); }
  Tensor operator()(const op::QuantizedLinear& o) const { return (*o.layer)(in[0]); }
  Tensor operator()(const op::QuantizedAdd& o) const { return ops::int8::add(in[0], in[1], o.params); }
  Tensor operator()(const op::QuantizedRelu& o) const { return ops::int8::clamp(in[0], o.zero_point, 255); }
  Tensor operator()(const op::QuantizedRelu6& o) const { return ops::int8::clamp(in[0], o.zero_point, o.six); }
  Tensor operator()(const op::QuantizedMaxPool2d& o) const { return ops::int8::max_pool2d(in[0], o.options); }
  Tensor operator()(const op::QuantizedAdaptiveAvgPool2d& o) const {
    return ops::int8::adaptive_avg_pool2d(in[0], o.output, o.qparams, o.engine);
  }
  Tensor operator()(const op::QuantizedCat& o) const { return ops::int8::cat_channels(in, o.inputs, o.output); }
  Tensor operator()(const op::QuantizedFlatten&) const { return ops::int8::flatten(in[0]); }
  Tensor operator()(const op::QuantizedDropout&) const { return in[0]; }

 private:
  Tensor weight(const op::Qat* qat) const {
    const Tensor w = node.parameter("weight");
    return qat && qat->weight_fake_quant ? (*qat->weight_fake_quant)(w) : w;
  }
  static Tensor activated(Tensor y, bool relu) {
    if (relu) ops::relu_(y);
    return y;
  }
};

}  // namespace

Tensor run_node(const Node& node, std::span<const Tensor> inputs) {
  try {
    return std::visit(RunNode{node, inputs}, node.op);
  } catch (const Error& error) {
    const bool watches = is<op::Function>(node.op) && !node.inputs.empty();
    fail("node '", node.name, "'", watches ? " behind '" + node.inputs[0]->name + "'" : "", ": ", error.what());
  }
}

Plan::Plan(const Graph& graph) : device_(graph.device()) {
  std::unordered_map<const Node*, size_t> step_of;
  for (const Node& node : graph.nodes()) {
    Step step{&node, {}};
    for (const Node* input : node.inputs) step.inputs.push_back({step_of.at(input), false});
    step_of[&node] = steps_.size();
    steps_.push_back(std::move(step));
  }
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
    for (auto input = step->inputs.rbegin(); input != step->inputs.rend(); ++input) {
      bool& is_read = steps_[input->step].is_read;
      input->last_use = !is_read;
      is_read = true;
    }
}

Tensor Execution::run(size_t first, size_t last, const Tensor& x, const NodeCallback& on_node) {
  Tensor result;
  std::vector<Tensor> in;
  for (size_t i = first; i < last; ++i) {
    const Plan::Step& step = plan_.steps()[i];
    const Node& node = *step.node;
    in.clear();
    for (const Plan::Operand& input : step.inputs) {
      Tensor& value = values_[input.step];
      in.push_back(input.last_use ? std::move(value) : value);
    }
    if (node.kind == NodeKind::placeholder) in.push_back(x.to(plan_.device()));
    result = run_node(node, in);
    const bool computes = node.kind == NodeKind::call_module || node.kind == NodeKind::call_function;
    if (on_node && computes) on_node(node, result);
    if (step.is_read) values_[i] = result;
  }
  return result;
}

Tensor run(const Graph& graph, const Tensor& x, const NodeCallback& on_node) {
  const Plan plan(graph);
  return Execution(plan).run(0, plan.steps().size(), x, on_node).to(x.device());
}

}  // namespace octet::nn
