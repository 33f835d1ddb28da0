// Which network a state_dict belongs to, found from its keys and shapes, and an untrained network of that form.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/models/head.h"
#include "nn/models/resnet.h"
#include "nn/module.h"

namespace octet::nn {

/// A network is a name here and a row of the table in form.cpp.
enum class Network {
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  resnext101_32x8d,
  resnext101_64x4d,
  wide_resnet50_2,
  wide_resnet101_2,
  vgg11,
  vgg13,
  vgg16,
  vgg19,
  vgg11_bn,
  vgg13_bn,
  vgg16_bn,
  vgg19_bn,
  alexnet,
  mobilenet_v2
};

struct Form {
  Network network = Network::resnet18;
  bool fastai_head = false;            // only where has_fastai_form
  ResNetWidths widths = {};            // `input` of any network, the others of a ResNet
  std::optional<HeadLayer> head = {};  // where it is not the network's own
  bool relu6_is_relu = false;          // of MobileNetV2, as torchvision quantizes it

  /// "resnet18", "resnet50 with fastai's head", "vgg16 with a head of its own, 1 input channel".
  std::string name() const;
  /// The path of the last linear layer: "fc", "1.8", "classifier.6", "fc.1".
  std::string classifier() const;
  /// What a user should know: a head that is not the network's own, and what was taken for granted about it.
  std::vector<std::string> notes() const;
};

/// Is there a form of this network with fastai's head?
bool has_fastai_form(Network network);

/// The form of a float state_dict, or of one that PyTorch quantized. Throws Error (naming `source`) for keys of another network,
/// with that network's name where it can be told, and for a head that does not fit its body.
Form form_of(const StateDict& state, const std::string& source);

/// Outputs of the classifier. Throws Error when it is missing.
int64_t classes_of(const StateDict& state, const Form& form, const std::string& source);
/// Is there a classifier, or only a body?
bool has_classifier(const StateDict& state, const Form& form);

std::unique_ptr<Module> make_model(const Form& form, int64_t classes);

/// Is it a key of the head, not of the body?
bool is_of_head(const Form& form, std::string_view key);

}  // namespace octet::nn
