#include "apps/common/network.h"

#include <algorithm>

#include "loaders/files/bytes.h"
#include "networks/onnx/to_int8.h"
#include "networks/pt2/to_graph.h"
#include "nn/classifier.h"
#include "nn/graph_module.h"
#include "quant/formats/from_pytorch.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::apps {
namespace {

using ops::int8::Engine;

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

std::string writer_of(const networks::onnx::Model& onnx) {
  return str("ONNX (", onnx.producer.empty() ? "" : loaders::printable(onnx.producer) + ", ", "opset ", onnx.opset, ")");
}

Model from_onnx(networks::onnx::Network network, std::string description) {
  Model model{std::move(network.graph), std::move(description), 0, std::move(network.notes)};
  model.classes = nn::outputs_of(std::as_const(model.graph));
  model.size = static_cast<int>(std::min<int64_t>(network.size, INT32_MAX));
  model.channels = network.channels;
  return model;
}

/// The engine that octet's own file was made for. Files of octet 0.2 only say the backend; others say nothing.
std::optional<Engine> engine_of(const networks::onnx::Model& onnx) {
  const auto said = [&](const char* key) {
    const auto it = onnx.metadata.find(key);
    return onnx.producer == "octet" && it != onnx.metadata.end() ? it->second : "";
  };
  if (const std::string engine = said("engine"); !engine.empty()) return quant::parse_engine(engine);
  if (const std::string backend = said("backend"); !backend.empty()) return quant::get_default_qconfig_mapping(backend).engine();
  return std::nullopt;
}

}  // namespace

Model from_network(const ModelFile& file) {
  if (!file.onnx) return from_program(*file.program);
  return from_onnx(networks::onnx::to_graph(*file.onnx), "a network of " + writer_of(*file.onnx));
}

Model from_int8_network(const ModelFile& file, const std::optional<Engine>& engine) {
  const std::string& name = file.onnx->file;
  networks::onnx::Network network = networks::onnx::to_graph(*file.onnx);
  const std::optional<Engine> said = engine ? engine : naming(name, [&] { return engine_of(*file.onnx); });
  const Engine used = said.value_or(Engine::fbgemm);
  if (!said)
    network.notes.push_back(str(name, " does not say which engine it was made for: rounding as ", name_of(used), " does"));
  naming(name, [&] { networks::onnx::to_int8(network, used); });
  for (std::string& note : network.notes)
    if (!note.starts_with(name)) note = str(name, ": ", note);
  return from_onnx(std::move(network), str("int8, ", writer_of(*file.onnx), ", engine ", name_of(used)));
}

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
