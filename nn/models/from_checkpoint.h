// From a float checkpoint to a model: the form and the number of classes are found from the keys and shapes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/models/resnet.h"
#include "nn/module.h"

namespace octet::nn {

struct LoadedModel {
  std::unique_ptr<Module> model;
  std::string form;  // ResNetForm::name
  int64_t classes = 0;
  std::vector<std::string> notes;  // what a user should know: a head that is not trained
};

/// Loads torchvision's or fastai's keys. Throws Error (naming `source`) for a checkpoint of another network.
LoadedModel model_from_checkpoint(const StateDict& state, const std::string& source);

/// Loads torchvision's weights ("layer1.0.conv1.weight" -> "0.4.0.conv1.weight") into the body of the fastai form; the head is
/// initialised as fastai does (kaiming_normal), which a note says. A fastai checkpoint loads as it is.
LoadedModel fastai_model_from_checkpoint(const StateDict& state, const std::string& source, int64_t classes, uint64_t seed);

/// Which ResNet, and in which of the two forms.
struct ResNetForm {
  ResNetOptions options = kResNet18;
  bool fastai_head = false;
  /// "resnet18", "resnet50 with fastai's head".
  std::string name() const;
};

/// The form that a state_dict's keys tell, float or quantized by PyTorch. Throws Error (naming `source`) for keys of another
/// network.
ResNetForm resnet_form(const StateDict& state, const std::string& source);

/// An untrained one, for callers that bring the numbers themselves.
std::unique_ptr<Module> make_resnet(const ResNetForm& form, int64_t classes);

}  // namespace octet::nn
