// What octet makes of each operation of PyTorch (ATen) that a .pt2 file calls, one row each.
#pragma once

#include <optional>

#include "networks/pt2/arguments.h"
#include "nn/graph/op.h"

namespace octet::networks {

/// What an output of a call becomes.
struct Made {
  std::optional<nn::Op> op;         // nothing: the result is the first input
  std::vector<std::string> inputs;  // names of values
  nn::Parameters parameters = {};
  bool is_view = false;       // the result shares the first input's memory
  std::string key = {};       // of an Affine's constant in the state_dict; empty: a number of the code
  std::string function = {};  // torch.fx's name of the call, where it is not the operation's
};

/// What torch.fx does with a call as it is written in Python.
struct Form {
  bool fusable = true, quantizable = true;  // nn/graph/graph.h, Node
};
Form form_of(const Call& call);

/// "aten.relu_.default" -> "relu", as torch.fx names a function: without the namespace, the overload, and the "_" of one in place.
std::string function_name(const std::string& target);

/// Does it overwrite its first input? "aten.relu_.default" does.
bool works_in_place(const std::string& target);

/// Does the call compute a number, such as a size, and no tensor? Then nothing is made of it.
bool is_of_numbers(const Call& call);

/// Is there a row for this operation?
bool is_supported(const Call& call);

/// What each output of the call becomes. Throws Error, without a place, for options that octet does not have.
std::vector<Made> make(const Program& program, const Call& call);

}  // namespace octet::networks
