#include "apps/train/start.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "apps/common/open_model.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/datasets/imagenette.h"
#include "loaders/files/bytes.h"
#include "nn/init.h"

namespace octet::apps {
namespace {

nn::LoadedModel from_scratch(const TrainInput& input, int64_t classes, uint64_t seed) {
  const nn::Form form{.fastai_head = input.head != "torchvision"};
  nn::LoadedModel start{nn::make_model(form, classes), form.name(), classes, {}};
  Generator generator(seed);
  nn::init::initialise(*start.model, generator);
  return start;
}

/// The names of a model's classes, in the order of its outputs; empty without any.
std::vector<std::string> class_names(const loaders::Checkpoint& file, const std::string& source) {
  const std::optional<loaders::ModelCard> card = loaders::find_card(file.metadata, source);
  return card ? card->classes : std::vector<std::string>();
}

bool same_class(const std::string& a, const std::string& b) { return loaders::human_name(a) == loaders::human_name(b); }

nn::NewHead new_head(const std::string& head) {
  if (head == "fastai") return nn::NewHead::fastai;
  return head == "torchvision" ? nn::NewHead::torchvision : nn::NewHead::as_in_file;
}

/// Does the file's head have the form that was asked for?
bool has_form(const nn::Form& form, const std::string& head) {
  if (head == "auto") return true;
  return head == "fastai" ? form.fastai_head : !form.fastai_head && !form.head;
}

/// Why the file's head cannot stay; empty if it can, with the output that stands for each class.
std::string reason_for_new_head(const StateDict& state, const nn::Form& form, const std::string& source,
                                const std::vector<std::string>& names, const std::vector<std::string>& classes,
                                std::vector<int64_t>& outputs) {
  if (!nn::has_classifier(state, form)) return "it has no head";
  const int64_t count = nn::classes_of(state, form, source), wanted = std::ssize(classes);
  if (count != wanted) return str("it has ", count, " classes and the data ", wanted);
  outputs.resize(classes.size());
  std::iota(outputs.begin(), outputs.end(), int64_t{0});
  if (std::ssize(names) != count) return "";
  outputs = matching_outputs(names, classes);
  return outputs.empty() ? "its classes have other names than the data's, such as " + loaders::quoted(names[0]) : "";
}

/// The classifier's rows in the order of the data's classes.
void reorder(nn::Module& model, const std::string& classifier, const std::vector<int64_t>& outputs) {
  for (nn::Module::State& s : model.state()) {
    if (!s.key.starts_with(classifier + ".")) continue;
    const Tensor& from = s.value.tensor();
    Tensor to(from.shape(), from.dtype());
    const size_t row = from.nbytes() / outputs.size();
    for (size_t i = 0; i < outputs.size(); ++i)
      std::memcpy(to.bytes() + i * row, from.bytes() + static_cast<size_t>(outputs[i]) * row, row);
    s.value.set(to);
  }
}

nn::LoadedModel from_weights(const TrainInput& input, const std::vector<std::string>& classes, uint64_t seed) {
  const loaders::Checkpoint file = open_model(input.weights, kTrainable).contents;
  const StateDict& state = file.tensors;
  loaders::check_finite(state, input.weights);
  const nn::Form form = nn::form_of(state, input.weights);
  std::vector<int64_t> outputs;
  const std::string reason = has_form(form, input.head) ? reason_for_new_head(state, form, input.weights,
                                                                              class_names(file, input.weights), classes, outputs)
                                                        : "--head " + input.head + " asks for one";
  nn::LoadedModel start =
      reason.empty() ? nn::model_from_checkpoint(state, form, input.weights)
                     : nn::model_with_new_head(state, form, input.weights, new_head(input.head), std::ssize(classes), seed);
  if (!reason.empty())
    start.notes.insert(start.notes.begin(), input.weights + " gets a new head of " + str(classes.size(), " classes: ", reason));
  start.notes.insert(start.notes.begin(), file.notes.begin(), file.notes.end());
  for (nn::Module::State& s : start.model->state()) s.value.set(s.value.tensor().clone());  // training changes them in place
  if (reason.empty() && !std::ranges::is_sorted(outputs)) {
    reorder(*start.model, form.classifier(), outputs);
    start.notes.push_back(input.weights +
                          ": its classes come in another order than the data's; its outputs were put in the data's");
  }
  return start;
}

}  // namespace

std::vector<int64_t> matching_outputs(const std::vector<std::string>& model_names, const std::vector<std::string>& classes) {
  std::vector<int64_t> outputs;
  for (const std::string& name : classes) {
    const auto found = std::ranges::find_if(model_names, [&](const std::string& n) { return same_class(n, name); });
    const int64_t output = found - model_names.begin();
    if (found == model_names.end() || std::ranges::find(outputs, output) != outputs.end()) return {};
    outputs.push_back(output);
  }
  return outputs;
}

nn::LoadedModel start_of_training(const TrainInput& input, const std::vector<std::string>& classes, uint64_t seed) {
  return input.weights.empty() ? from_scratch(input, std::ssize(classes), seed) : from_weights(input, classes, seed);
}

}  // namespace octet::apps
