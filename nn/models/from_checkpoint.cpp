#include "nn/models/from_checkpoint.h"

#include <cmath>

#include "nn/init.h"

namespace octet::nn {
namespace {

/// Prefixes of a ResNet body's keys: torchvision's and fastai's.
constexpr std::pair<const char*, const char*> kPrefixes[] = {{"conv1.", "0.0."},  {"bn1.", "0.1."},    {"layer1.", "0.4."},
                                                             {"layer2.", "0.5."}, {"layer3.", "0.6."}, {"layer4.", "0.7."}};

/// A body's key in the other form: "layer1.0.conv1.weight" <-> "0.4.0.conv1.weight".
std::string renamed(const std::string& key, bool to_fastai) {
  for (const auto& [torchvision, fastai] : kPrefixes) {
    const std::string_view from = to_fastai ? torchvision : fastai, to = to_fastai ? fastai : torchvision;
    if (key.starts_with(from)) return std::string(to) + key.substr(from.size());
  }
  return key;
}

/// What a new head begins with: fastai's weights are normal, nn.Linear's uniform; batch norm as it was made.
Tensor initial(const Module::State& s, int64_t inputs, bool as_fastai, Generator& generator) {
  const Tensor& made = s.value.tensor();
  const bool is_linear = made.dim() == 2, is_linear_bias = s.key.ends_with(".bias") && inputs > 0;
  const float bound = inputs > 0 ? 1 / std::sqrt(static_cast<float>(inputs)) : 0;  // torch.nn.Linear.reset_parameters
  if (is_linear && as_fastai) return init::kaiming_normal(made.shape(), generator);
  if (is_linear || (is_linear_bias && !as_fastai)) return init::uniform(made.shape(), bound, generator);
  return made;
}

/// Gives `state` the layers that are new, at the paths that `is_new` names.
void add_initial(StateDict& state, const Module& model, bool as_fastai, uint64_t seed, const auto& is_new) {
  Generator generator(seed);
  int64_t inputs = 0;  // of the linear layer whose bias comes next; 0 behind a batch norm's weight
  for (const Module::State& s : model.state()) {
    if (s.key.ends_with(".weight")) inputs = s.value.tensor().dim() == 2 ? s.value.tensor().size(1) : 0;
    if (is_new(s.key)) state.add({s.key, initial(s, inputs, as_fastai, generator), {}});
  }
}

void load(LoadedModel& loaded, const StateDict& state, const std::string& source) {
  try {
    load_state_dict(*loaded.model, state, source);
  } catch (const Error& error) {
    fail(error.what(), "; is it another network? ", kBringYourOwn);
  }
}

LoadedModel untrained(const Form& form, int64_t classes) {
  LoadedModel made{make_model(form, classes), form.name(), classes, {}};
  made.channels = form.widths.input;
  return made;
}

}  // namespace

LoadedModel model_from_checkpoint(const StateDict& state, const Form& form, const std::string& source) {
  LoadedModel loaded = untrained(form, classes_of(state, form, source));
  for (const std::string& note : form.notes()) loaded.notes.push_back(str(source, ": ", note));
  load(loaded, state, source);
  return loaded;
}

LoadedModel model_with_new_head(const StateDict& state, const Form& form, const std::string& source, NewHead kind,
                                int64_t classes, uint64_t seed) {
  OCTET_CHECK(kind != NewHead::fastai || has_fastai_form(form.network), source, ": a checkpoint of ", form.name(),
              ", and fastai's head is for ResNets; --head auto puts a new last layer on it");
  Form wanted = form;
  if (kind != NewHead::as_in_file) {
    wanted.fastai_head = kind == NewHead::fastai;
    wanted.head.reset();
  }
  const bool whole = kind != NewHead::as_in_file || form.fastai_head || !has_classifier(state, form);
  const std::string last = form.classifier() + ".";
  StateDict body;
  for (const StateEntry& entry : state.entries())
    if (whole ? !is_of_head(form, entry.key) : !entry.key.starts_with(last))
      body.add({form.fastai_head == wanted.fastai_head ? entry.key : renamed(entry.key, wanted.fastai_head), entry.tensor,
                entry.qparams});
  LoadedModel loaded = untrained(wanted, classes);
  add_initial(body, *loaded.model, wanted.fastai_head, seed,
              [&](const std::string& key) { return whole ? is_of_head(wanted, key) : key.starts_with(last); });
  load(loaded, body, source);
  const std::string made = wanted.fastai_head ? "kaiming_normal" : "nn.Linear's uniform";
  loaded.notes.push_back("the head is not in " + source + ": initialised with " + made +
                         ", it must be trained before its answers mean anything");
  return loaded;
}

LoadedModel fastai_model_from_checkpoint(const StateDict& state, const Form& form, const std::string& source, int64_t classes,
                                         uint64_t seed) {
  if (form.fastai_head) return model_from_checkpoint(state, form, source);
  return model_with_new_head(state, form, source, NewHead::fastai, classes, seed);
}

}  // namespace octet::nn
