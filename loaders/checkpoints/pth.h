// Checkpoints as torch.save writes them -> StateDict.
//
//   zip (since torch 1.6)   ROOT/data.pkl describes the object, ROOT/data/KEY holds the bytes of each storage
//   legacy                  five pickles, then for each storage a count and its bytes
// The state_dict is the object itself or lies inside it (loaders/checkpoints/find_weights.h; fastai's learn.save writes
// {'model': ..., 'opt': ...}). Nothing in the file is ever run (loaders/checkpoints/pickle.h). Tensors keep the dtype that is
// stored. Not here: TorchScript, whole pickled modules and learners, tar files from before 0.2: refused with what to do
// instead. Counterpart: torch.load(weights_only=True).
#pragma once

#include <string>
#include <vector>

#include "loaders/files/file.h"
#include "tensor/state_dict.h"

namespace octet::loaders {

/// Reads a checkpoint. A tuple of tensors becomes KEY.0, KEY.1, ... (a quantized linear layer's weight and bias); a value that is
/// no tensor is an error, except a torch.dtype under KEY.dtype and None in a tuple, which are left out. Prefixes that wrappers
/// put before every key are taken off (loaders/checkpoints/weight_keys.h). `notes` gets a line for what was unwrapped. Throws
/// Error.
StateDict load_pth(const File& file, std::vector<std::string>* notes = nullptr);
StateDict load_pth(const std::string& path, std::vector<std::string>* notes = nullptr);

}  // namespace octet::loaders
