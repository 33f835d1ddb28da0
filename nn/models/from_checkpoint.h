// From a float checkpoint to a model: the form and the number of classes are found from the keys and shapes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/models/form.h"
#include "nn/module.h"

namespace octet::nn {

struct LoadedModel {
  std::unique_ptr<Module> model;
  std::string form;  // Form::name
  int64_t classes = 0;
  std::vector<std::string> notes;  // what a user should know: a head that is not trained
};

/// Loads torchvision's or fastai's keys; form: nn/models/form.h, form_of. Throws one Error (naming `source`) that lists the keys
/// that do not fit.
LoadedModel model_from_checkpoint(const StateDict& state, const Form& form, const std::string& source);

/// Loads a ResNet's weights as torchvision names them ("layer1.0.conv1.weight" -> "0.4.0.conv1.weight") into the body of the
/// fastai form; the head is initialised as fastai does (kaiming_normal), which a note says. A fastai checkpoint loads as it is.
LoadedModel fastai_model_from_checkpoint(const StateDict& state, Form form, const std::string& source, int64_t classes,
                                         uint64_t seed);

}  // namespace octet::nn
