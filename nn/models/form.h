// Which network a state_dict belongs to, found from its keys, and an untrained network of that form.
#pragma once

#include <memory>
#include <string>

#include "nn/module.h"

namespace octet::nn {

/// A network is a name here and a row of the table in form.cpp.
enum class Network { resnet18, resnet34, resnet50, vgg11_bn, mobilenet_v2 };

struct Form {
  Network network = Network::resnet18;
  bool fastai_head = false;  // only where has_fastai_form
  /// "resnet18", "resnet50 with fastai's head".
  std::string name() const;
  /// The path of the last linear layer: "fc", "1.8", "classifier.6", "classifier.1".
  const char* classifier() const;
};

/// Is there a form of this network with fastai's head?
bool has_fastai_form(Network network);

/// The form of a float state_dict, or of one that PyTorch quantized. Throws Error (naming `source`) for keys of another network.
Form form_of(const StateDict& state, const std::string& source);

/// Outputs of the classifier. Throws Error when it is missing.
int64_t classes_of(const StateDict& state, const Form& form, const std::string& source);

std::unique_ptr<Module> make_model(const Form& form, int64_t classes);

}  // namespace octet::nn
