#include "nn/models/from_checkpoint.h"

#include "nn/init.h"
#include "nn/models/resnet.h"

namespace octet::nn {
namespace {

constexpr const char* kFastaiClassifier = "1.8.weight";
constexpr const char* kTorchvisionClassifier = "fc.weight";

int64_t rows_of(const StateDict& state, const char* key, const std::string& source) {
  const Tensor& t = state.find(key)->tensor;
  OCTET_CHECK(t.dim() == 2 && t.size(0) > 0, source, ": '", key, "' has shape ", t.shape(), ", expected [classes, 512]");
  return t.size(0);
}

/// "layer1.0.conv1.weight" -> "0.4.0.conv1.weight"; empty for the classifier, which has no place in the fastai form.
std::string fastai_key(const std::string& key) {
  static const std::pair<const char*, const char*> kPrefixes[] = {{"conv1.", "0.0."},  {"bn1.", "0.1."},    {"layer1.", "0.4."},
                                                                  {"layer2.", "0.5."}, {"layer3.", "0.6."}, {"layer4.", "0.7."}};
  for (const auto& [from, to] : kPrefixes)
    if (key.starts_with(from)) return to + key.substr(std::string_view(from).size());
  return key.starts_with("fc.") ? "" : key;
}

}  // namespace

std::unique_ptr<Module> resnet18(bool fastai_head, int64_t classes) {
  if (fastai_head) return std::make_unique<FastaiResNet18>(classes);
  return std::make_unique<ResNet18>(classes);
}

LoadedModel model_from_checkpoint(const StateDict& state, const std::string& source) {
  const bool fastai = state.find(kFastaiClassifier) && state.find("0.0.weight");
  OCTET_CHECK(fastai || state.find(kTorchvisionClassifier), source, ": not a ResNet18 checkpoint: found neither '",
              kTorchvisionClassifier, "' (torchvision) nor '", kFastaiClassifier, "' (fastai) among its ", state.entries().size(),
              " keys", state.empty() ? "" : ", the first of which is '" + state.entries()[0].key + "'");
  LoadedModel loaded;
  loaded.classes = rows_of(state, fastai ? kFastaiClassifier : kTorchvisionClassifier, source);
  loaded.form = fastai ? "resnet18 with fastai's head" : "resnet18";
  loaded.model = resnet18(fastai, loaded.classes);
  load_state_dict(*loaded.model, state, source);
  return loaded;
}

LoadedModel fastai_model_from_checkpoint(const StateDict& state, const std::string& source, int64_t classes, uint64_t seed) {
  if (state.find(kFastaiClassifier)) return model_from_checkpoint(state, source);
  OCTET_CHECK(state.find(kTorchvisionClassifier), source, ": not a ResNet18 checkpoint: no '", kTorchvisionClassifier, "'");
  LoadedModel loaded;
  loaded.classes = classes;
  loaded.form = "resnet18 with fastai's head";
  loaded.model = resnet18(true, classes);
  StateDict renamed;
  for (const StateEntry& entry : state.entries())
    if (std::string key = fastai_key(entry.key); !key.empty()) renamed.add({key, entry.tensor, entry.qparams});
  Generator generator(seed);
  for (const Module::State& s : loaded.model->state()) {
    if (!s.key.starts_with("1.")) continue;
    const bool is_linear = s.value.tensor().dim() == 2;
    renamed.add({s.key, is_linear ? init::kaiming_normal(s.value.tensor().shape(), generator) : s.value.tensor(), {}});
  }
  load_state_dict(*loaded.model, renamed, source);
  loaded.notes.push_back("the head is not in " + source +
                         ": initialised with kaiming_normal, it must be trained before its answers mean anything");
  return loaded;
}

}  // namespace octet::nn
