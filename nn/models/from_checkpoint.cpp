#include "nn/models/from_checkpoint.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "nn/init.h"
#include "nn/models/resnet.h"

namespace octet::nn {
namespace {

constexpr const char* kFastaiClassifier = "1.8.weight";
constexpr const char* kTorchvisionClassifier = "fc.weight";

int64_t rows_of(const StateDict& state, const char* key, const std::string& source) {
  const Tensor& t = state.find(key)->tensor;
  OCTET_CHECK(t.dim() == 2 && t.size(0) > 0, source, ": '", key, "' has shape ", t.shape(), ", expected [classes, features]");
  return t.size(0);
}

/// Where a key's block is: "layer2.1.conv1.weight" or "0.5.1.conv1.weight" are stage 1, index 1.
struct BlockPlace {
  size_t stage;
  int index;
};
std::optional<BlockPlace> block_of(const std::string& key, bool fastai) {
  constexpr int kFirstStage = 4;  // of fastai's body: behind the stem's convolution, batch norm, relu and pool
  const std::string_view prefix = fastai ? "0." : "layer";
  int stage = 0, index = 0;
  if (!key.starts_with(prefix) || std::sscanf(key.c_str() + prefix.size(), "%1d.%2d.", &stage, &index) != 2) return {};
  stage -= fastai ? kFirstStage : 1;
  if (stage < 0 || stage > 3 || index < 0) return {};
  return BlockPlace{static_cast<size_t>(stage), index};
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

std::string ResNetForm::name() const {
  const char* network = options == kResNet18 ? "resnet18" : options == kResNet34 ? "resnet34" : "resnet50";
  return std::string(network) + (fastai_head ? " with fastai's head" : "");
}

ResNetForm resnet_form(const StateDict& state, const std::string& source) {
  ResNetForm form;
  form.fastai_head = state.find("0.0.weight") != nullptr;
  std::array<int, 4> blocks = {};
  for (const StateEntry& entry : state.entries())
    if (const auto block = block_of(entry.key, form.fastai_head)) {
      blocks[block->stage] = std::max(blocks[block->stage], block->index + 1);
      if (entry.key.ends_with(".conv3.weight")) form.options.block = Block::bottleneck;
    }
  form.options.blocks = blocks;
  for (const ResNetOptions& known : {kResNet18, kResNet34, kResNet50})
    if (form.options == known) return form;
  fail(source, ": not a checkpoint of ResNet18, ResNet34 or ResNet50: stages of ", blocks[0], ", ", blocks[1], ", ", blocks[2],
       ", ", blocks[3], " blocks among its ", state.entries().size(), " keys",
       state.empty() ? "" : ", the first of which is '" + state.entries()[0].key + "'");
}

std::unique_ptr<Module> make_resnet(const ResNetForm& form, int64_t classes) {
  if (form.fastai_head) return std::make_unique<FastaiResNet>(form.options, classes);
  return std::make_unique<ResNet>(form.options, classes);
}

LoadedModel model_from_checkpoint(const StateDict& state, const std::string& source) {
  const ResNetForm form = resnet_form(state, source);
  const char* classifier = form.fastai_head ? kFastaiClassifier : kTorchvisionClassifier;
  OCTET_CHECK(state.find(classifier), source, ": missing key '", classifier, "' of ", form.name());
  LoadedModel loaded;
  loaded.classes = rows_of(state, classifier, source);
  loaded.form = form.name();
  loaded.model = make_resnet(form, loaded.classes);
  load_state_dict(*loaded.model, state, source);
  return loaded;
}

LoadedModel fastai_model_from_checkpoint(const StateDict& state, const std::string& source, int64_t classes, uint64_t seed) {
  if (state.find(kFastaiClassifier)) return model_from_checkpoint(state, source);
  ResNetForm form = resnet_form(state, source);
  form.fastai_head = true;
  LoadedModel loaded;
  loaded.classes = classes;
  loaded.form = form.name();
  loaded.model = make_resnet(form, classes);
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
