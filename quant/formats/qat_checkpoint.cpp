#include "quant/formats/qat_checkpoint.h"

#include <algorithm>

#include "nn/graph_module.h"
#include "quant/formats/recognise.h"
#include "tensor/text.h"

namespace octet::quant {
namespace {

const std::string kInput = "activation_post_process_0.";

float number(const StateDict& state, const std::string& key, const std::string& source) {
  const StateEntry* entry = state.find(key);
  OCTET_CHECK(entry && entry->tensor.numel() == 1, source, ": missing ", quoted(key), ", or it is not one number");
  return *entry->tensor.to(DType::f32).data<float>();
}

std::string backend_of(const StateDict& state, const std::string& source) {
  const bool per_channel = std::ranges::any_of(
      state.entries(), [](const StateEntry& e) { return e.key.ends_with(kFakeQuantScale) && e.tensor.numel() > 1; });
  if (!per_channel) return "qnnpack";
  const float scale = number(state, kInput + "scale", source),
              min = number(state, kInput + "activation_post_process.min_val", source),
              max = number(state, kInput + "activation_post_process.max_val", source);
  for (const char* backend : {"x86", "onednn"})
    if (fused_qparams(min, max, get_default_qat_qconfig_mapping(backend).global()->activation.spec).scale == scale)
      return backend;
  fail(source, ": '", kInput, "scale' ", scale, " is neither x86's nor onednn's for the range [", min, ", ", max,
       "]; expected a model trained with get_default_qat_qconfig_mapping");
}

}  // namespace

TrainedQat load_qat(const nn::Graph& traced, const StateDict& state, const std::string& source) {
  QConfigMapping mapping = get_default_qat_qconfig_mapping(backend_of(state, source));
  nn::GraphModule module(prepare_qat(traced, mapping));
  nn::load_state_dict(module, state, source);
  return {fold_qat(module.graph()), std::move(mapping)};
}

}  // namespace octet::quant
