#include "apps/common/models.h"

#include <algorithm>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/bytes.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/formats/from_pytorch.h"
#include "quant/formats/model_file.h"
#include "quant/passes/fake_quantize.h"

namespace octet::apps {
namespace {

using ops::int8::Engine;

Model from_qat(const StateDict& state, const std::string& path) {
  quant::TrainedQat qat = quant::load_qat(state, path);
  Model model{
      quant::float_graph(qat.folded), str(qat.form, ", trained quantization-aware for ", qat.mapping.backend()), qat.classes, {}};
  model.qat = std::move(qat);
  return model;
}

Model from_state(const StateDict& state, const std::string& path, const std::string& head, int64_t classes, uint64_t seed) {
  loaders::check_finite(state, path);
  if (quant::is_qat(state)) return from_qat(state, path);
  nn::LoadedModel loaded =
      head == "fastai" ? nn::fastai_model_from_checkpoint(state, path, classes, seed) : nn::model_from_checkpoint(state, path);
  return {nn::trace(*loaded.model, Tensor::zeros({1, 3, 64, 64})), loaded.form + ", float32", loaded.classes, loaded.notes};
}

/// Width of the last linear layer.
int64_t classes_of(const nn::Graph& graph) {
  for (auto node = graph.nodes().rbegin(); node != graph.nodes().rend(); ++node)
    if (const auto* linear = std::get_if<nn::op::QuantizedLinear>(&node->op)) return linear->layer->params().weight.size(0);
  return 0;
}

Engine engine_of(const StateDict& state) {
  const bool per_channel = std::any_of(state.entries().begin(), state.entries().end(),
                                       [](const StateEntry& e) { return e.qparams && e.qparams->axis.has_value(); });
  return per_channel ? Engine::fbgemm : Engine::qnnpack;
}

Model from_pytorch(const StateDict& state, const std::string& path, const std::optional<Engine>& engine) {
  loaders::check_finite(state, path);
  const Engine used = engine.value_or(engine_of(state));
  Model model{naming(loaders::printable(path), [&] { return quant::graph_from_pytorch(state, used, path); }),
              str(nn::form_of(state, path).name(), " quantized by PyTorch, int8, engine ", name_of(used)),
              0,
              {}};
  if (!engine)
    model.notes.push_back(
        str(path, " does not say which engine it was made for: taking ", name_of(used), " from the form of its weights"));
  model.classes = classes_of(model.graph);
  return model;
}

Model trained(Model model) {
  if (model.qat) model.description += ", fake quantization";
  model.graph = as_trained(model);
  return model;
}

}  // namespace

nn::Graph as_trained(const Model& model) {
  return model.qat ? quant::fake_quantize(model.qat->folded, model.qat->mapping) : model.graph.clone();
}

Model load_float_model(const std::string& path, const std::string& head, int64_t classes, uint64_t seed) {
  std::vector<std::string> notes;
  const StateDict state = loaders::load_checkpoint(path, &notes);
  OCTET_CHECK(!quant::is_pytorch_quantized(state), path,
              ": this model is quantized already; give the float checkpoint, or run it with predict");
  Model model = from_state(state, path, head, classes, seed);
  model.notes.insert(model.notes.begin(), notes.begin(), notes.end());
  return model;
}

Model load_any_model(const std::string& path, const std::optional<Engine>& engine) {
  const auto check_engine = [&](const std::string& own) {  // of a model that has its own, or none
    OCTET_CHECK(!engine || name_of(*engine) == own, loaders::printable(path), ": --engine ", name_of(*engine),
                " is for a state_dict that PyTorch quantized; this model is ",
                own.empty() ? "float" : "made for " + loaders::printable(own), "; leave it out");
  };
  if (loaders::is_safetensors(path)) {
    loaders::SafeTensors file = loaders::load_safetensors(path);
    if (!quant::is_saved_graph(file.metadata)) {
      check_engine("");
      return trained(from_state(file.tensors, path, "auto", 0, 0));
    }
    check_engine(file.metadata["engine"]);
    loaders::check_finite(file.tensors, path);
    Model model{quant::load_graph({std::move(file.tensors), std::move(file.metadata)}, path), "int8", 0, {}};
    model.classes = classes_of(model.graph);
    return model;
  }
  std::vector<std::string> notes;
  const StateDict state = loaders::load_checkpoint(path, &notes);
  if (!quant::is_pytorch_quantized(state)) check_engine("");
  Model model =
      quant::is_pytorch_quantized(state) ? from_pytorch(state, path, engine) : trained(from_state(state, path, "auto", 0, 0));
  model.notes.insert(model.notes.begin(), notes.begin(), notes.end());
  return model;
}

}  // namespace octet::apps
