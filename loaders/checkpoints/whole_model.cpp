#include "loaders/checkpoints/whole_model.h"

#include "loaders/checkpoints/format.h"

namespace octet::loaders {
namespace {

constexpr std::string_view kGraphModule = "torch.fx.graph_module.", kLearner = "fastai.learner.";

/// Python makes a model as Class(), then gives it its attributes; a graph module by a function of torch.fx.
bool is_model(const pickle::Pickle& pickle, pickle::Ref ref) {
  const auto* object = pickle.get<pickle::Opaque>(ref);
  if (object == nullptr) return false;
  const auto* arguments = pickle.get<pickle::Tuple>(object->arguments);
  return (arguments && arguments->items.empty()) || pickle.global_name(ref).starts_with(kGraphModule);
}

[[noreturn]] void refuse(const std::string& where, std::string_view name, const std::string& file) {
  const bool learner = name.starts_with(kLearner);
  const std::string load = learner ? "from fastai.learner import load_learner; m = load_learner('" + file + "').model"
                                   : "m = torch.load('" + file + "', map_location='cpu', weights_only=False)";
  fail(where, ": expected a dict of tensors, got ", learner ? "a whole pickled fastai Learner" : "a whole pickled model",
       name.empty() ? "" : " (" + printable(name) + ")", "; save model.state_dict(), not the model: ",
       python("import torch; " + load + "; torch.save(m.state_dict(), 'weights.pth')"), ", if you trust the file: this runs it");
}

}  // namespace

void refuse_whole_model(const pickle::Pickle& pickle, pickle::Ref ref, const std::string& where, const std::string& file) {
  if (is_model(pickle, ref)) refuse(where, pickle.global_name(ref), file);
}

pickle::Pickle read_object(Bytes bytes, const std::string& where, const std::string& file) {
  try {
    return pickle::Pickle(bytes, where);
  } catch (const Error&) {
    const std::string_view text = as_text(bytes);
    for (const char* sign : {"ctorch.fx.graph_module\n", "ctorch.nn.modules.", "cfastai.learner\n"})
      if (text.find(sign) != text.npos) refuse(file, "", file);
    throw;
  }
}

}  // namespace octet::loaders
