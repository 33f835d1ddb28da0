// A checkpoint of either kind, .pth or .safetensors, told apart by its first bytes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loaders/checkpoints/model_card.h"
#include "tensor/state_dict.h"

namespace octet::loaders {

struct Checkpoint {
  StateDict tensors;
  std::map<std::string, std::string> metadata;  // of a .safetensors; of a .pth octet's own record
  std::vector<std::string> notes;               // what was unwrapped: see load_pth and weight_keys.h
};

/// Opens the file once. Throws Error for a file that is neither, saying what it looks like.
Checkpoint open_checkpoint(const std::string& path);

/// What its model is for, if it says so (loaders/checkpoints/model_card.h).
std::optional<ModelCard> read_card(const std::string& path);

/// Its tensors alone.
StateDict load_checkpoint(const std::string& path, std::vector<std::string>* notes = nullptr);

/// Throws one Error that lists every float tensor with NaN or infinity (and how many) and every running_var below 0.
/// `source` names the file.
void check_finite(const StateDict& state, const std::string& source);

}  // namespace octet::loaders
