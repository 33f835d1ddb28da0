#include "nn/models/form.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "nn/models/mobilenet.h"
#include "nn/models/resnet.h"
#include "nn/models/vgg.h"

namespace octet::nn {
namespace {

struct KnownResNet {
  Network network;
  ResNetOptions options;
};
constexpr KnownResNet kResNets[] = {
    {Network::resnet18, kResNet18}, {Network::resnet34, kResNet34}, {Network::resnet50, kResNet50}};

/// Where a ResNet key's block is: "layer2.1.conv1.weight" or "0.5.1.conv1.weight" are stage 1, index 1.
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

ResNetOptions resnet_options(const StateDict& state, bool fastai) {
  ResNetOptions options{.block = Block::basic, .blocks = {}};
  for (const StateEntry& entry : state.entries())
    if (const auto block = block_of(entry.key, fastai)) {
      int& blocks = options.blocks[block->stage];
      blocks = std::max(blocks, block->index + 1);
      if (entry.key.ends_with(".conv3.weight")) options.block = Block::bottleneck;
    }
  return options;
}

bool has_layer(const StateDict& state, const std::string& path) {
  return std::any_of(state.entries().begin(), state.entries().end(),
                     [&](const StateEntry& e) { return e.key.starts_with(path + "."); });
}

}  // namespace

std::string Form::name() const {
  static constexpr const char* kNames[] = {"resnet18", "resnet34", "resnet50", "vgg11_bn", "mobilenet_v2"};
  return std::string(kNames[static_cast<size_t>(network)]) + (fastai_head ? " with fastai's head" : "");
}

const char* Form::classifier() const {
  if (network == Network::vgg11_bn) return "classifier.6";
  if (network == Network::mobilenet_v2) return "classifier.1";
  return fastai_head ? "1.8" : "fc";
}

Form form_of(const StateDict& state, const std::string& source) {
  if (has_layer(state, "features.18.0") && has_layer(state, "classifier.1")) return {.network = Network::mobilenet_v2};
  if (has_layer(state, "features.25") && has_layer(state, "classifier.6")) return {.network = Network::vgg11_bn};
  const bool fastai = state.find("0.0.weight") != nullptr;
  const ResNetOptions options = resnet_options(state, fastai);
  for (const KnownResNet& known : kResNets)
    if (options == known.options) return {known.network, fastai};
  fail(source, ": not a checkpoint of ResNet18, ResNet34, ResNet50, VGG11 with batch norm or MobileNetV2, among its ",
       state.entries().size(), " keys", state.empty() ? "" : ", the first of which is '" + state.entries()[0].key + "'");
}

int64_t classes_of(const StateDict& state, const Form& form, const std::string& source) {
  const std::string key = std::string(form.classifier()) + ".weight";
  OCTET_CHECK(state.find(key), source, ": missing key '", key, "' of ", form.name());
  const Tensor& t = state.find(key)->tensor;
  OCTET_CHECK(t.dim() == 2 && t.size(0) > 0, source, ": '", key, "' has shape ", t.shape(), ", expected [classes, features]");
  return t.size(0);
}

std::unique_ptr<Module> make_model(const Form& form, int64_t classes) {
  if (form.network == Network::vgg11_bn) return std::make_unique<Vgg11Bn>(classes);
  if (form.network == Network::mobilenet_v2) return std::make_unique<MobileNetV2>(classes);
  const ResNetOptions& options = kResNets[static_cast<size_t>(form.network)].options;
  if (form.fastai_head) return std::make_unique<FastaiResNet>(options, classes);
  return std::make_unique<ResNet>(options, classes);
}

}  // namespace octet::nn
