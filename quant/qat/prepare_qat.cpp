#include "quant/qat/prepare_qat.h"

#include <map>

#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/function.h"
#include "nn/graph/ops/qat.h"
#include "nn/graph/passes/fold_batch_norm.h"
#include "nn/graph/passes/fuse_relu.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/patterns.h"
#include "quant/qat/fixed_qparams_fake_quantize.h"
#include "quant/qat/fused_moving_avg_obs_fake_quantize.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using Fused = FusedMovingAvgObsFakeQuantize;

/// Every batch norm whose input is a convolution or linear layer that nobody else uses becomes part of it. Behind a transposed
/// convolution it stays; PyTorch refuses it there ("Fusing ConvTranspose+BatchNorm not yet supported in QAT").
void absorb_batch_norm(nn::Graph& graph) {
  nn::Users users(graph);
  for (nn::Node& bn : graph.nodes()) {
    nn::Node* layer = foldable_into(users, bn);
    std::shared_ptr<const op::Qat>* qat = layer ? nn::qat_slot(layer->op) : nullptr;
    if (qat == nullptr) continue;
    *qat = std::make_shared<op::Qat>(op::Qat{nullptr, nn::get<op::BatchNorm>(bn.op)});
    for (const auto& [name, tensor] : bn.parameters) layer->parameters["bn." + name] = tensor;
    users.replace(&bn, layer);
  }
  users.erase_dropped();
}

void insert_weight_fake_quantization(nn::Graph& graph, const QConfigMapping& mapping) {
  for (nn::Node& node : graph.nodes()) {
    std::shared_ptr<const op::Qat>* qat = nn::qat_slot(node.op);
    if (qat == nullptr || !is_quantized(node)) continue;
    const ObserverChoice choice = mapping.of(node)->weight;
    const int64_t channels = choice.per_channel ? node.parameter("weight").size(0) : 1;
    *qat =
        std::make_shared<op::Qat>(op::Qat{std::make_shared<Fused>(choice, channels), *qat ? (*qat)->batch_norm : std::nullopt});
  }
}

std::shared_ptr<nn::TensorFunction> make_fake_quantize(const ObserverChoice& choice) {
  if (choice.kind == "FixedQParamsObserver") return std::make_shared<FixedQParamsFakeQuantize>(choice);
  return std::make_shared<Fused>(choice);
}

/// Null for a function that is none.
std::shared_ptr<FakeQuantizeBase> fake_quantize_in(const std::shared_ptr<nn::TensorFunction>& function) {
  return std::dynamic_pointer_cast<FakeQuantizeBase>(function);
}

/// The scales with which convert quantizes a trained weight, wrapped as what the weight goes through from then on.
std::shared_ptr<FakeQuantize> trained_weight_grid(const Fused& trained, const Tensor& weight) {
  const auto observers = trained.observers();
  const auto K = static_cast<int64_t>(observers.size());
  std::vector<QParams> qparams;
  for (int64_t k = 0; k < K; ++k) {
    MovingAverageMinMaxObserver& observer = *observers[static_cast<size_t>(k)];
    if (trained.observer_enabled()) observer.observe(K == 1 ? weight : weight.slice(k, k + 1));
    qparams.push_back(observer.calculate_qparams());
  }
  return std::make_shared<FakeQuantize>(std::move(qparams), DType::qint8);
}

void fold_layer(nn::Node& node, std::shared_ptr<const op::Qat>& qat) {
  if (qat->batch_norm) {
    fold_into(node, {node.parameter("bn.weight"), node.parameter("bn.bias"), node.parameter("bn.running_mean"),
                     node.parameter("bn.running_var"), qat->batch_norm->eps});
    std::erase_if(node.parameters, [](const auto& p) { return p.first.starts_with("bn."); });
  }
  const auto trained = std::dynamic_pointer_cast<Fused>(qat->weight_fake_quant);
  if (trained == nullptr) {
    qat = nullptr;
    return;
  }
  try {
    qat = std::make_shared<op::Qat>(op::Qat{trained_weight_grid(*trained, node.parameter("weight")), std::nullopt});
  } catch (const Error& error) {
    fail("weight of '", node.name, "': ", error.what());
  }
}

}  // namespace

nn::Graph prepare_qat(const nn::Graph& traced, const QConfigMapping& mapping) {
  nn::Graph graph = traced.clone();
  absorb_batch_norm(graph);
  fuse_relu(graph);
  insert_observers(graph, mapping, make_fake_quantize);
  insert_weight_fake_quantization(graph, mapping);
  return graph;
}

nn::Graph fold_qat(const nn::Graph& trained) {
  nn::Graph graph = trained.clone();
  std::map<const FakeQuantizeBase*, std::shared_ptr<Observer>> observers;  // nodes that share one go on sharing it
  for (nn::Node& node : graph.nodes()) {
    if (std::shared_ptr<const op::Qat>* qat = nn::qat_slot(node.op); qat && *qat) fold_layer(node, *qat);
    auto* call = nn::get_if<op::Function>(node.op);
    const auto fake = call ? fake_quantize_in(call->function) : nullptr;
    if (fake == nullptr) continue;
    std::shared_ptr<Observer>& observer = observers[fake.get()];
    if (observer == nullptr) observer = fake->observer();
    call->function = observer;
  }
  return graph;
}

nn::Graph float_graph(const nn::Graph& folded) {
  nn::Graph graph = folded.clone();
  nn::Users users(graph);
  for (nn::Node& node : graph.nodes()) {
    if (auto* qat = nn::qat_slot(node.op)) *qat = nullptr;
    if (!observer_of(node)) continue;
    users.replace(&node, node.inputs.at(0));
  }
  users.erase_dropped();
  return graph;
}

void enable_observers(const nn::Graph& qat, bool enabled) {
  for (const nn::Node& node : qat.nodes()) {
    std::shared_ptr<FakeQuantizeBase> fake;
    if (const auto* call = nn::get_if<op::Function>(node.op)) fake = fake_quantize_in(call->function);
    if (const op::Qat* layer = nn::qat_of(node.op)) fake = fake_quantize_in(layer->weight_fake_quant);
    if (fake) fake->enable_observer(enabled);
  }
}

}  // namespace octet::quant
