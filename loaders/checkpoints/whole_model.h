// A pickled model instead of its weights: named, with the command that takes the weights out of it.
//
// torch.save(model) stores the class's name and every attribute; only Python with that class at hand can make it again. So do
// torch.save(graph_module), which stores source code, and fastai's learn.export(). They are recognised, never run.
#pragma once

#include <string>

#include "loaders/checkpoints/pickle.h"

namespace octet::loaders {

/// Throws Error, beginning with `where`, if the value is an object such as a model; otherwise does nothing. `file` is for the
/// command.
void refuse_whole_model(const pickle::Pickle& pickle, pickle::Ref ref, const std::string& where, const std::string& file);

/// Reads one pickle. An error inside one that speaks of torch's modules says that it is a whole model.
pickle::Pickle read_object(Bytes bytes, const std::string& where, const std::string& file);

}  // namespace octet::loaders
