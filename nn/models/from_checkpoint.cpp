#include "nn/models/from_checkpoint.h"

#include "nn/init.h"

namespace octet::nn {
namespace {

/// "layer1.0.conv1.weight" -> "0.4.0.conv1.weight"; empty for the classifier, which has no place in the fastai form.
std::string fastai_key(const std::string& key) {
  static const std::pair<const char*, const char*> kPrefixes[] = {{"conv1.", "0.0."},  {"bn1.", "0.1."},    {"layer1.", "0.4."},
                                                                  {"layer2.", "0.5."}, {"layer3.", "0.6."}, {"layer4.", "0.7."}};
  for (const auto& [from, to] : kPrefixes)
    if (key.starts_with(from)) return to + key.substr(std::string_view(from).size());
  return key.starts_with("fc.") ? "" : key;
}

}  // namespace

LoadedModel model_from_checkpoint(const StateDict& state, const Form& form, const std::string& source) {
  LoadedModel loaded;
  loaded.classes = classes_of(state, form, source);
  loaded.form = form.name();
  loaded.model = make_model(form, loaded.classes);
  load_state_dict(*loaded.model, state, source);
  return loaded;
}

LoadedModel fastai_model_from_checkpoint(const StateDict& state, Form form, const std::string& source, int64_t classes,
                                         uint64_t seed) {
  if (form.fastai_head) return model_from_checkpoint(state, form, source);
  OCTET_CHECK(has_fastai_form(form.network), source, ": a checkpoint of ", form.name(), ", and fastai's head is for ResNets");
  form.fastai_head = true;
  LoadedModel loaded;
  loaded.classes = classes;
  loaded.form = form.name();
  loaded.model = make_model(form, classes);
  StateDict renamed;
  for (const StateEntry& entry : state.entries())
    if (std::string key = fastai_key(entry.key); !key.empty()) renamed.add({key, entry.tensor, entry.qparams});
  Generator generator(seed);
  for (const Module::State& s : loaded.model->state()) {
    if (!s.key.starts_with("1.")) continue;
    const bool is_linear = s.value.tensor().dim() == 2;
    renamed.add({s.key, is_linear ? init::kaiming_normal(s.value.tensor().shape(), generator) : s.value.tensor(), {}});
  }
  load_state_dict(*loaded.model, renamed, source);
  loaded.notes.push_back("the head is not in " + source +
                         ": initialised with kaiming_normal, it must be trained before its answers mean anything");
  return loaded;
}

}  // namespace octet::nn
