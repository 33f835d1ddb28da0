#include "nn/models/form.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "nn/models/mobilenet.h"
#include "nn/models/resnet.h"
#include "nn/models/vgg.h"

namespace octet::nn {
namespace {

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

/// fastai's body begins with the stem's convolution.
bool has_fastai_keys(const StateDict& state) { return state.find("0.0.weight") != nullptr; }

struct KnownNetwork {
  Network network;
  const char *name, *title;  // "resnet18", and as it is called in a sentence
  const char* classifier;    // the path of the last linear layer
  bool (*owns)(const StateDict&);
  std::unique_ptr<Module> (*make)(int64_t classes);
  std::unique_ptr<Module> (*make_with_fastai_head)(int64_t classes);  // null: there is no such form
};
constexpr const char* kFastaiClassifier = "1.8";

template <class Model>
std::unique_ptr<Module> make(int64_t classes) {
  return std::make_unique<Model>(classes);
}

/// The row of a ResNet.
template <const ResNetOptions& kOptions>
constexpr KnownNetwork resnet(Network network, const char* name, const char* title) {
  return {network,
          name,
          title,
          "fc",
          [](const StateDict& state) { return resnet_options(state, has_fastai_keys(state)) == kOptions; },
          [](int64_t classes) -> std::unique_ptr<Module> { return std::make_unique<ResNet>(kOptions, classes); },
          [](int64_t classes) -> std::unique_ptr<Module> { return std::make_unique<FastaiResNet>(kOptions, classes); }};
}

constexpr KnownNetwork kNetworks[] = {
    resnet<kResNet18>(Network::resnet18, "resnet18", "ResNet18"),
    resnet<kResNet34>(Network::resnet34, "resnet34", "ResNet34"),
    resnet<kResNet50>(Network::resnet50, "resnet50", "ResNet50"),
    {Network::vgg11_bn, "vgg11_bn", "VGG11 with batch norm", "classifier.6",
     [](const StateDict& s) { return has_layer(s, "features.25") && has_layer(s, "classifier.6"); }, make<Vgg11Bn>, nullptr},
    {Network::mobilenet_v2, "mobilenet_v2", "MobileNetV2", "classifier.1",
     [](const StateDict& s) { return has_layer(s, "features.18.0") && has_layer(s, "classifier.1"); }, make<MobileNetV2>,
     nullptr},
};

const KnownNetwork& known(Network network) {
  for (const KnownNetwork& n : kNetworks)
    if (n.network == network) return n;
  fail("network ", static_cast<int>(network), " has no row in nn/models/form.cpp");
}

/// "ResNet18, ResNet34 or MobileNetV2".
std::string titles() {
  std::string text;
  for (const KnownNetwork& n : kNetworks)
    text += str(&n == kNetworks ? "" : &n == std::end(kNetworks) - 1 ? " or " : ", ", n.title);
  return text;
}

}  // namespace

std::string Form::name() const { return std::string(known(network).name) + (fastai_head ? " with fastai's head" : ""); }

const char* Form::classifier() const { return fastai_head ? kFastaiClassifier : known(network).classifier; }

bool has_fastai_form(Network network) { return known(network).make_with_fastai_head != nullptr; }

Form form_of(const StateDict& state, const std::string& source) {
  for (const KnownNetwork& n : kNetworks)
    if (n.owns(state)) return {n.network, n.make_with_fastai_head && has_fastai_keys(state)};
  fail(source, ": not a checkpoint of ", titles(), ", among its ", state.entries().size(), " keys",
       state.empty() ? "" : ", the first of which is '" + state.entries()[0].key + "'");
}

int64_t classes_of(const StateDict& state, const Form& form, const std::string& source) {
  const std::string key = std::string(form.classifier()) + ".weight";
  OCTET_CHECK(state.find(key), source, ": missing key '", key, "' of ", form.name());
  const Tensor& t = state.find(key)->tensor;
  OCTET_CHECK(t.dim() == 2 && t.size(0) > 0, source, ": '", key, "' has shape ", t.shape(), ", expected [classes, features]");
  return t.size(0);
}

std::unique_ptr<Module> make_model(const Form& form, int64_t classes) {
  const KnownNetwork& network = known(form.network);
  OCTET_CHECK(!form.fastai_head || network.make_with_fastai_head, network.title, ": there is no form with fastai's head");
  return (form.fastai_head ? network.make_with_fastai_head : network.make)(classes);
}

}  // namespace octet::nn
