// From a float checkpoint to a model: the form and the number of classes are found from the keys and shapes; a new head for other
// classes goes on any body.
//
// PyTorch counterparts: model.load_state_dict; model.fc = nn.Linear(512, classes), which keeps the rest; fastai's vision_learner,
// which puts its own head of several layers on the body.
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
  int64_t channels = 3;            // of the input
};

/// Loads torchvision's or fastai's keys; form: nn/models/form.h, form_of. Throws one Error (naming `source`) that lists the keys
/// that do not fit.
LoadedModel model_from_checkpoint(const StateDict& state, const Form& form, const std::string& source);

/// Which head to put on a body.
enum class NewHead {
  as_in_file,   // the last linear layer anew, as nn.Linear begins; of fastai's form the whole head, as fastai begins
  fastai,       // fastai's: kaiming_normal. For ResNets
  torchvision,  // the network's own: as nn.Linear begins
};

/// A body with a new, untrained head for `classes`, which a note says. The checkpoint may be in either form and of any number of
/// classes, or without a head.
LoadedModel model_with_new_head(const StateDict& state, const Form& form, const std::string& source, NewHead kind,
                                int64_t classes, uint64_t seed);

/// The fastai form: a checkpoint of it as it is, whatever its classes; of another form the body, with a new head.
LoadedModel fastai_model_from_checkpoint(const StateDict& state, const Form& form, const std::string& source, int64_t classes,
                                         uint64_t seed);

}  // namespace octet::nn
