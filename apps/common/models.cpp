#include "apps/common/models.h"

#include <algorithm>

#include "apps/common/network.h"
#include "apps/common/open_model.h"
#include "loaders/files/bytes.h"
#include "nn/classifier.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/conv_transpose2d.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/passes/fake_quantize.h"

namespace octet::apps {
namespace {

using ops::int8::Engine;

nn::Graph traced(nn::Module& model, int64_t channels) { return nn::trace(model, Tensor::zeros({1, channels, 64, 64})); }

std::vector<std::string> notes_of(const nn::Form& form, const std::string& path) {
  std::vector<std::string> notes;
  for (const std::string& note : form.notes()) notes.push_back(str(path, ": ", note));
  return notes;
}

Model from_qat(const StateDict& state, const nn::Form& form, const std::string& path) {
  const int64_t classes = nn::classes_of(state, form, path);
  quant::TrainedQat qat = quant::load_qat(traced(*nn::make_model(form, classes), form.widths.input), state, path);
  Model model{quant::float_graph(qat.folded), str(form.name(), ", trained quantization-aware for ", qat.mapping.backend()),
              classes, notes_of(form, path)};
  model.qat = std::move(qat);
  return model;
}

/// A network, a float checkpoint, or one trained quantization-aware.
Model from_float(const ModelFile& file, const FloatOptions& o) {
  const StateDict& state = file.contents.tensors;
  loaders::check_finite(state, file.path);
  const bool is_qat = file.kind == FileKind::qat_checkpoint;
  if (const bool defines = file.kind == FileKind::network; defines || !o.network.empty()) {
    Model model = defines ? from_network(file) : with_weights(open_network(o.network), state, is_qat, file.path);
    model.description += model.qat ? "" : ", float32";
    return model;
  }
  const nn::Form form = nn::form_of(state, file.path);
  if (is_qat) return from_qat(state, form, file.path);
  nn::LoadedModel loaded = o.head == "fastai" ? nn::fastai_model_from_checkpoint(state, form, file.path, o.classes, o.seed)
                                              : nn::model_from_checkpoint(state, form, file.path);
  return {traced(*loaded.model, loaded.channels), loaded.form + ", float32", loaded.classes, loaded.notes};
}

Engine engine_of(const StateDict& state) {
  const bool per_channel = std::any_of(state.entries().begin(), state.entries().end(),
                                       [](const StateEntry& e) { return e.qparams && e.qparams->axis.has_value(); });
  return per_channel ? Engine::fbgemm : Engine::qnnpack;
}

/// The float network of a state_dict that PyTorch quantized: octet's own that has its keys, or the one of a .pt2 or .onnx file.
Model network_of(const ModelFile& file, const std::string& network) {
  if (!network.empty()) {
    Model model = open_network(network);
    take_classes(model, file.contents.tensors, file.path);
    return model;
  }
  const nn::Form form = nn::form_of(file.contents.tensors, file.path);
  const int64_t classes = quant::outputs_from_pytorch(file.contents.tensors, form.classifier(), file.path);
  return {traced(*nn::make_model(form, classes), form.widths.input), form.name(), classes, notes_of(form, file.path)};
}

Model from_pytorch(const ModelFile& file, const std::optional<Engine>& engine, const std::string& network) {
  const StateDict& state = file.contents.tensors;
  loaders::check_finite(state, file.path);
  const Engine used = engine.value_or(engine_of(state));
  Model model = network_of(file, network);
  model.description += str(" quantized by PyTorch, int8, engine ", name_of(used));
  model.graph =
      naming(loaders::printable(file.path), [&] { return quant::graph_from_pytorch(model.graph, state, used, file.path); });
  if (!engine)
    model.notes.push_back(
        str(file.path, " does not say which engine it was made for: taking ", name_of(used), " from the form of its weights"));
  return model;
}

Model from_octet(ModelFile file) {
  loaders::check_finite(file.contents.tensors, file.path);
  Model model{quant::load_graph({std::move(file.contents.tensors), std::move(file.contents.metadata)}, file.path), "int8", 0, {}};
  model.classes = nn::outputs_of(std::as_const(model.graph));
  return model;
}

Model trained(Model model) {
  if (model.qat) model.description += ", fake quantization";
  model.graph = as_trained(model);
  return model;
}

/// What a file says beside the tensors.
struct Beside {
  std::vector<std::string> notes;
  std::optional<loaders::ModelCard> card;

  explicit Beside(const ModelFile& file)
      : notes(file.contents.notes), card(loaders::find_card(file.contents.metadata, file.path)) {}
};

/// What the reader of the file noted goes first. The card of a network serves where its weights have none.
Model with(const Beside& beside, Model model) {
  model.notes.insert(model.notes.begin(), beside.notes.begin(), beside.notes.end());
  if (beside.card) model.card = beside.card;
  if (model.channels == 0) model.channels = channels_of(model.graph);
  return model;
}

/// Throws Error when an engine was asked for that is not the file's own. A PyTorch state_dict and int8 ONNX run with any.
void check_engine(const ModelFile& file, const std::optional<Engine>& engine) {
  if (!engine || file.kind == FileKind::pytorch_int8 || file.kind == FileKind::int8_network) return;
  const auto own = file.contents.metadata.find("engine");
  const bool has_own = file.kind == FileKind::octet_int8 && own != file.contents.metadata.end();
  OCTET_CHECK(has_own && name_of(*engine) == own->second, loaders::printable(file.path), ": --engine ", name_of(*engine),
              " is for a state_dict that PyTorch quantized; this model is ",
              has_own ? "made for " + loaders::printable(own->second) : "float", "; leave it out");
}

}  // namespace

int64_t channels_of(const nn::Graph& graph) {
  for (const nn::Node& node : graph.nodes()) {
    if (const auto* conv = nn::get_if<nn::op::Conv2d>(node.op)) return node.parameter("weight").size(1) * conv->options.groups;
    if (nn::is<nn::op::ConvTranspose2d>(node.op)) return node.parameter("weight").size(0);
    if (const auto* conv = nn::get_if<nn::op::QuantizedConvTranspose2d>(node.op)) return conv->layer->params().weight.size(0);
    if (const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op))
      return conv->layer->params().weight.size(1) * conv->layer->params().options.groups;
  }
  return 3;
}

nn::Graph as_trained(const Model& model) {
  return model.qat ? quant::fake_quantize(model.qat->folded, model.qat->mapping) : model.graph.clone();
}

Model load_float_model(const std::string& path, const FloatOptions& options) {
  return float_model_of(open_model(path, kFloatModels), options);
}

Model float_model_of(const ModelFile& file, const FloatOptions& options) {
  OCTET_CHECK(options.network.empty() || file.kind != FileKind::network, loaders::printable(file.path),
              ": --network is for a state_dict; this file is a network itself, leave it out");
  return with(Beside(file), from_float(file, options));
}

Model load_any_model(const std::string& path, const std::optional<Engine>& engine, const std::string& network) {
  ModelFile file = open_model(path, kRunnable);
  OCTET_CHECK(network.empty() ||
                  !(file.kind == FileKind::octet_int8 || file.kind == FileKind::network || file.kind == FileKind::int8_network),
              loaders::printable(path),
              ": --network is for a state_dict; this file says itself which network it is, leave it out");
  check_engine(file, engine);
  const Beside beside(file);
  if (file.kind == FileKind::octet_int8) return with(beside, from_octet(std::move(file)));
  if (file.kind == FileKind::pytorch_int8) return with(beside, from_pytorch(file, engine, network));
  if (file.kind == FileKind::int8_network) return with(beside, from_int8_network(file, engine));
  return with(beside, trained(from_float(file, {.network = network})));
}

}  // namespace octet::apps
