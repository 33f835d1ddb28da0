// Where the weights are in what torch.save was given: the object itself, or a dict somewhere inside it.
//
//   {'epoch': 3, 'arch': 'resnet18', 'state_dict': {...}, 'best_acc1': tensor(71.), 'optimizer': {...}}      -> under 'state_dict'
//   {'checkpoint': {'model': {...}, 'ema': {...}}}                                                -> under 'checkpoint', 'model'
// A known name decides first. Any other dict of tensors is taken where it is the only one. Numbers beside it are no weights, also
// as tensors. Counterpart: the line that each training script has behind torch.load.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loaders/checkpoints/torch_tensor.h"

namespace octet::loaders {

/// The entries of a pickled dict by their keys, which must be strings.
using PickledDict = std::vector<std::pair<std::string, pickle::Ref>>;

struct Weights {
  PickledDict entries;
  std::vector<std::string> under;   // names, outermost first; none: the object itself
  std::vector<std::string> beside;  // the other names on the way

  /// For a note: "the weights are under 'state_dict'; left out beside them: 'epoch'". Empty if they are the object itself.
  std::string remark() const;
};

/// Throws Error, beginning with `file`, for an object that is no dict of tensors, that holds several, or that is a whole model.
Weights find_weights(const pickle::Pickle& pickle, const TensorReader& reader, const std::string& file);

}  // namespace octet::loaders
