#include "apps/train/trainee.h"

#include <map>

#include "nn/graph/ops/batch_norm.h"
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "quant/passes/fake_quantize.h"
#include "quant/qat/prepare_qat.h"

namespace octet::apps {

namespace {

/// Input channels of the first convolution, which has no groups in any network here.
int64_t channels_of(const nn::Module& model) {
  for (const nn::Module::State& s : model.state())
    if (s.value.tensor().dim() == 4) return s.value.tensor().size(1);
  return 3;
}

LayerGroup layer_groups_in_order(const nn::Graph& graph) {
  std::vector<const nn::Node*> layers;
  size_t body = 0;  // layers up to the last one of images
  for (const nn::Node& node : graph.nodes()) {
    if (node.parameters.empty()) continue;
    layers.push_back(&node);
    const auto* norm = nn::get_if<nn::op::BatchNorm>(node.op);
    if (nn::is<nn::op::Conv2d>(node.op) || (norm != nullptr && norm->dims == 2)) body = layers.size();
  }
  if (body == layers.size() && body > 0) --body;  // a convolution gives the outputs
  std::map<std::string, int, std::less<>> groups;
  for (size_t i = 0; i < layers.size(); ++i) groups.emplace(layers[i]->target, i >= body ? 2 : i >= body / 2 ? 1 : 0);
  return [groups](std::string_view key) {  // "features.0.0.weight", "features.0.0.bn.weight"
    for (size_t dot = key.rfind('.'); dot != key.npos; dot = key.rfind('.', dot - 1))
      if (const auto it = groups.find(key.substr(0, dot)); it != groups.end()) return it->second;
    return 0;
  };
}

}  // namespace

nn::Graph graph_of(nn::Module& model) {
  if (const auto* module = dynamic_cast<const nn::GraphModule*>(&model)) return module->graph();
  return nn::trace(model, Tensor::zeros({1, channels_of(model), 64, 64}, DType::f32, model.device()));
}

LayerGroup layer_group_of(const nn::Module& model) {
  const auto* module = dynamic_cast<const nn::GraphModule*>(&model);
  return module ? layer_groups_in_order(module->graph()) : nn::layer_group;
}

Trainee float_trainee(nn::Module& model) {
  return {model, [&model] { return graph_of(model).to(Device::cpu); }, [](int) {}, layer_group_of(model)};
}

Trainee qat_trainee(nn::GraphModule& model, const quant::QConfigMapping& mapping, const TrainOptions& options,
                    LayerGroup layer_group) {
  return {model, [&] { return quant::fake_quantize(quant::fold_qat(model.graph().to(Device::cpu)), mapping); },
          [&](int epoch) {
            quant::enable_observers(model.graph(), epoch < options.num_observer_update_epochs);
            model.freeze_batch_norm(epoch >= options.num_batch_norm_update_epochs);
          },
          std::move(layer_group)};
}

}  // namespace octet::apps
