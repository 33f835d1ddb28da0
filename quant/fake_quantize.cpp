#include "quant/fake_quantize.h"

#include "nn/print.h"
#include "ops/int8/fake_quantize.h"
#include "quant/patterns.h"

namespace octet::quant {

Tensor FakeQuantize::operator()(const Tensor& x) {
  return ops::int8::fake_quantize(x, qparams_, ops::int8::code_range(DType::quint8));
}

std::string FakeQuantize::to_string() const {
  return str("FakeQuantize(scale=", nn::python_float(qparams_.scale), ", zero_point=", qparams_.zero_point, ")");
}

namespace {

/// An int8 pool gives codes of its input's scale, also where what follows (cat) has another one: they are rounded twice.
void round_on_input_grid(nn::Graph& graph, nn::Node& observer) {
  nn::Node* op = observer.inputs.at(0);
  if (!is_quantized(*op) || !shares_qparams(op->op) || nn::is<nn::op::Cat>(op->op)) return;
  const FakeQuantize* before = fake_quantize_of(*op->inputs.at(0));
  if (before == nullptr || before->qparams() == fake_quantize_of(observer)->qparams()) return;
  observer.inputs[0] = graph.insert_after(
      op, {.name = op->name + "_codes", .op = nn::op::Call{std::make_shared<FakeQuantize>(before->qparams())}, .inputs = {op}});
}

}  // namespace

nn::Graph fake_quantize(const nn::Graph& prepared, const QConfigMapping& mapping) {
  nn::Graph graph = prepared.clone();
  for (nn::Node& node : graph.nodes()) {
    if (observer_of(node)) {
      node.op = nn::op::Call{std::make_shared<FakeQuantize>(calibrated_qparams(node))};
    } else if (is_quantized(node) && (nn::is<nn::op::Conv2d>(node.op) || nn::is<nn::op::Linear>(node.op))) {
      const Tensor weight = node.parameter("weight");
      node.parameters["weight"] = ops::int8::fake_quantize_weight(weight, weight_scales(mapping.of(node)->weight, weight));
    }
  }
  for (nn::Node& node : graph.nodes())
    if (node.name.starts_with("activation_post_process") && fake_quantize_of(node)) round_on_input_grid(graph, node);
  return graph;
}

const FakeQuantize* fake_quantize_of(const nn::Node& node) {
  const auto* call = std::get_if<nn::op::Call>(&node.op);
  return call ? dynamic_cast<const FakeQuantize*>(call->function.get()) : nullptr;
}

}  // namespace octet::quant
