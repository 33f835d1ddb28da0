#include "quant/passes/fake_quantize.h"

#include "nn/graph/ops/function.h"
#include "nn/graph/ops/qat.h"
#include "nn/graph/print.h"
#include "ops/fake_quantize.h"
#include "quant/passes/patterns.h"

namespace octet::quant {

Tensor FakeQuantize::operator()(const Tensor& x) { return ops::fake_quantize(x, qparams_, ops::int8::code_range(dtype_)); }

std::string FakeQuantize::to_string() const {
  if (qparams_.size() > 1) return str("FakeQuantize(channels=", qparams_.size(), ")");
  return str("FakeQuantize(scale=", nn::python_float(qparams_[0].scale), ", zero_point=", qparams_[0].zero_point, ")");
}

namespace {

/// An int8 pool gives codes of its input's scale, even if the cat behind it uses another scale; then values are rounded twice.
void round_on_input_grid(nn::Graph& graph, nn::Node& observer) {
  nn::Node* op = observer.inputs.at(0);
  if (!is_quantized(*op) || !shares_qparams(op->op) || nn::info(op->op).one_scale) return;
  const FakeQuantize* before = fake_quantize_of(*op->inputs.at(0));
  if (before == nullptr || before->qparams() == fake_quantize_of(observer)->qparams()) return;
  if (!nn::info(op->op).shares_observer) {  // dropout: its observer is its own, and the codes stay as they are
    observer.op = op->inputs[0]->op;
    return;
  }
  observer.inputs[0] = graph.insert_after(
      op,
      {.name = op->name + "_codes", .op = nn::op::Function{std::make_shared<FakeQuantize>(before->qparams())}, .inputs = {op}});
}

}  // namespace

std::vector<float> layer_scales(const nn::Node& layer, const QConfigMapping& mapping) {
  const nn::op::Qat* qat = nn::qat_of(layer.op);
  if (qat == nullptr) return weight_scales(mapping.of(layer)->weight, layer.parameter("weight"));
  const auto* trained = dynamic_cast<const FakeQuantize*>(qat->weight_fake_quant.get());
  OCTET_CHECK(trained != nullptr, "'", layer.name, "' is still in training; fold_qat first");
  std::vector<float> scales;
  for (const QParams& q : trained->qparams()) scales.push_back(q.scale);
  return scales;
}

nn::Graph fake_quantize(const nn::Graph& prepared, const QConfigMapping& mapping) {
  nn::Graph graph = prepared.clone();
  std::vector<nn::Node*> observers;
  for (nn::Node& node : graph.nodes()) {
    if (observer_of(node)) {
      observers.push_back(&node);
      node.op = nn::op::Function{std::make_shared<FakeQuantize>(std::vector{calibrated_qparams(node)})};
    } else if (is_quantized(node) && nn::info(node.op).has_weight) {
      node.parameters["weight"] = ops::fake_quantize_weight(node.parameter("weight"), layer_scales(node, mapping));
      if (auto* qat = nn::qat_slot(node.op)) *qat = nullptr;  // rounded now; once is enough
    }
  }
  for (nn::Node* observer : observers) round_on_input_grid(graph, *observer);
  return graph;
}

const FakeQuantize* fake_quantize_of(const nn::Node& node) {
  const auto* call = nn::get_if<nn::op::Function>(node.op);
  return call ? dynamic_cast<const FakeQuantize*>(call->function.get()) : nullptr;
}

}  // namespace octet::quant
