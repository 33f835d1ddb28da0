#include "apps/train/start.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "apps/common/models.h"
#include "apps/common/open_model.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/datasets/imagenette.h"
#include "loaders/files/bytes.h"
#include "nn/classifier.h"
#include "nn/graph_module.h"
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

/// Why a head of `count` outputs with these names cannot stay; empty if it can, with the output that stands for each class.
std::string reason_for_new_head(int64_t count, const std::vector<std::string>& names, const std::vector<std::string>& classes,
                                std::vector<int64_t>& outputs) {
  if (count == 0) return "it has no head";
  const int64_t wanted = std::ssize(classes);
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

/// A training must not change what it began with, and rows come in the order of the data's classes.
void take_over(nn::LoadedModel& start, const std::string& classifier, const std::vector<int64_t>& outputs,
               const std::string& source) {
  for (nn::Module::State& s : start.model->state()) s.value.set(s.value.tensor().clone());  // training changes them in place
  if (std::ranges::is_sorted(outputs)) return;
  reorder(*start.model, classifier, outputs);
  start.notes.push_back(source + ": its classes come in another order than the data's; its outputs were put in the data's");
}

std::string new_head_note(const std::string& source, size_t classes, const std::string& reason) {
  return source + " gets a new head of " + str(classes, " classes: ", reason);
}

/// A network that a file defines: its last layer is the head.
nn::LoadedModel from_network(const TrainInput& input, const ModelFile& file, const std::vector<std::string>& classes,
                             uint64_t seed) {
  OCTET_CHECK(input.head == "auto", input.weights, ": --head ", input.head,
              " is for octet's own networks; --head auto puts a new last layer on this one, if the data has other classes");
  Model model = float_model_of(file, {.network = input.data.network});
  const nn::Node* classifier = nn::classifier_of(std::as_const(model.graph));
  OCTET_CHECK(classifier != nullptr, input.weights,
              ": the network does not end in a linear layer or convolution with an output per class; it cannot be trained here");
  std::vector<int64_t> outputs;
  const std::string path = classifier->target,
                    reason = reason_for_new_head(nn::outputs_of(*classifier),
                                                 model.card ? model.card->classes : std::vector<std::string>(), classes, outputs);
  if (!reason.empty()) {
    Generator generator(seed);
    nn::renew_classifier(model.graph, std::ssize(classes), generator);
    model.notes.push_back(new_head_note(input.weights, classes.size(), reason));
    outputs.clear();
  }
  nn::LoadedModel start{std::make_unique<nn::GraphModule>(model.graph), model.description, std::ssize(classes), model.notes,
                        model.channels};
  take_over(start, path, outputs, input.weights);
  return start;
}

nn::LoadedModel from_checkpoint(const TrainInput& input, const loaders::Checkpoint& file, const std::vector<std::string>& classes,
                                uint64_t seed) {
  const StateDict& state = file.tensors;
  loaders::check_finite(state, input.weights);
  const nn::Form form = nn::form_of(state, input.weights);
  const int64_t count = nn::has_classifier(state, form) ? nn::classes_of(state, form, input.weights) : 0;
  std::vector<int64_t> outputs;
  const std::string reason = has_form(form, input.head)
                                 ? reason_for_new_head(count, class_names(file, input.weights), classes, outputs)
                                 : "--head " + input.head + " asks for one";
  nn::LoadedModel start =
      reason.empty() ? nn::model_from_checkpoint(state, form, input.weights)
                     : nn::model_with_new_head(state, form, input.weights, new_head(input.head), std::ssize(classes), seed);
  if (!reason.empty()) {
    start.notes.insert(start.notes.begin(), new_head_note(input.weights, classes.size(), reason));
    outputs.clear();
  }
  start.notes.insert(start.notes.begin(), file.notes.begin(), file.notes.end());
  take_over(start, form.classifier(), outputs, input.weights);
  return start;
}

nn::LoadedModel from_weights(const TrainInput& input, const std::vector<std::string>& classes, uint64_t seed) {
  const ModelFile file = open_model(input.weights, kTrainable);
  if (file.kind == FileKind::network || !input.data.network.empty()) return from_network(input, file, classes, seed);
  return from_checkpoint(input, file.contents, classes, seed);
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
