#include "apps/common/network.h"

#include <algorithm>

#include "loaders/files/bytes.h"
#include "networks/onnx/to_graph.h"
#include "networks/pt2/to_graph.h"
#include "nn/classifier.h"
#include "nn/graph_module.h"
#include "quant/formats/from_pytorch.h"

namespace octet::apps {
namespace {

void set_classes(Model& network, int64_t classes) {
  if (classes == network.classes) return;
  nn::resize_classifier(network.graph, classes);
  network.classes = classes;
  if (network.card) network.card->classes.clear();  // names of the others
}

/// Classes of a float state_dict: rows of the classifier's weight, whose key may have a name in front. 0 where it is missing.
int64_t classes_of(const nn::Graph& graph, const StateDict& state) {
  const nn::Node* layer = nn::classifier_of(graph);
  if (layer == nullptr) return 0;
  const std::string key = layer->target + ".weight";
  for (const StateEntry& entry : state.entries())
    if ((entry.key == key || entry.key.ends_with("." + key)) && entry.tensor.dim() > 0) return entry.tensor.size(0);
  return 0;
}

Model from_program(const networks::Program& program) {
  Model model{networks::to_graph(program),
              str("a network of torch.export (PyTorch ", loaders::printable(program.torch_version), ")"),
              0,
              {}};
  const auto shape_of = [&](const std::string& value) {
    const auto it = program.shapes.find(value);
    return it == program.shapes.end() ? Shape() : it->second;
  };
  const Shape x = shape_of(program.inputs[0]), y = shape_of(program.outputs[0]);
  if (y.size() == 2) model.classes = std::max<int64_t>(y[1], 0);
  if (x.size() == 4 && x[2] == x[3])  // -1: any size
    model.size = static_cast<int>(std::clamp<int64_t>(x[2], 0, INT32_MAX));
  return model;
}

Model from_onnx(const networks::onnx::Model& onnx) {
  networks::onnx::Network network = networks::onnx::to_graph(onnx);
  Model model{std::move(network.graph),
              str("a network of ONNX (", onnx.producer.empty() ? "" : loaders::printable(onnx.producer) + ", ", "opset ",
                  onnx.opset, ")"),
              0, std::move(network.notes)};
  model.classes = nn::outputs_of(std::as_const(model.graph));
  model.size = static_cast<int>(std::min<int64_t>(network.size, INT32_MAX));
  model.channels = network.channels;
  return model;
}

}  // namespace

Model from_network(const ModelFile& file) { return file.onnx ? from_onnx(*file.onnx) : from_program(*file.program); }

Model open_network(const std::string& path) {
  const ModelFile file = open_model(path, kNetworks);
  Model model = from_network(file);
  model.card = loaders::find_card(file.contents.metadata, file.path);
  return model;
}

Model with_weights(Model network, const StateDict& state, bool is_qat, const std::string& source) {
  if (const int64_t classes = classes_of(network.graph, state)) set_classes(network, classes);
  if (is_qat) {
    quant::TrainedQat qat = quant::load_qat(network.graph, state, source);
    network.graph = quant::float_graph(qat.folded);
    network.description += ", trained quantization-aware for " + qat.mapping.backend();
    network.qat = std::move(qat);
    return network;
  }
  nn::GraphModule module(network.graph);
  nn::load_state_dict(module, state, source);
  network.graph = module.graph();
  return network;
}

void take_classes(Model& network, const StateDict& quantized, const std::string& source) {
  if (const nn::Node* layer = nn::classifier_of(network.graph))
    set_classes(network, quant::outputs_from_pytorch(quantized, layer->target, source));
}

}  // namespace octet::apps
