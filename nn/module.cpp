#include "nn/module.h"

#include <algorithm>

namespace octet::nn {
Value Module::operator()(const Value& x) {
  Recording* recording = Recording::active();
  if (recording == nullptr) return forward(x);
  if (!name_.empty()) recording->module_names.push_back(name_);
  if (is_layer()) recording->layer_path = recording->path();
  Value y = forward(x);
  if (is_layer()) recording->layer_path.clear();
  if (!name_.empty()) recording->module_names.pop_back();
  return y;
}

Value Module::add_state(std::string name, Tensor value, bool is_parameter) {
  const bool on_host = !is_floating_point(value.dtype());
  state_.push_back({std::move(name), Value(std::move(value)), is_parameter, on_host});
  state_.back().value.set_requires_grad(is_parameter);
  return state_.back().value;
}

void Module::set_mode(Mode mode) {
  mode_ = mode;
  for (const auto& child : children_) child->set_mode(mode);
}

void Module::collect(const std::string& prefix, std::vector<State>& out) const {
  for (const State& s : state_) out.push_back({prefix + s.key, s.value, s.is_parameter, s.on_host});
  for (const auto& child : children_) child->collect(prefix + child->name_ + ".", out);
}

std::vector<Module::State> Module::state() const {
  std::vector<State> out;
  collect("", out);
  return out;
}

std::vector<Module::State> Module::parameters() const {
  std::vector<State> found = state();
  std::erase_if(found, [](const State& s) { return !s.is_parameter; });
  return found;
}

void Module::to(Device device) {
  for (State s : state())
    if (!s.on_host) s.value.set(s.value.tensor().to(device));
}

Device Module::device() const {
  for (const State& s : state())
    if (!s.on_host) return s.value.tensor().device();
  return Device::cpu;
}

void load_state_dict(Module& model, const StateDict& state, const std::string& source) {
  std::string problems;
  auto report = [&](const std::string& problem) { problems += (problems.empty() ? "" : "; ") + problem; };
  std::vector<Module::State> wanted = model.state();
  for (Module::State& s : wanted) {
    const StateEntry* entry = state.find(s.key);
    if (entry == nullptr) {
      if (!s.key.ends_with("num_batches_tracked")) report(str("missing key '", s.key, "'"));
      continue;
    }
    const Tensor& have = s.value.tensor();
    if (entry->tensor.shape() != have.shape())
      report(str("size mismatch for '", s.key, "': file ", entry->tensor.shape(), ", model ", have.shape()));
    else if (entry->tensor.dtype() != have.dtype() &&
             !(is_floating_point(entry->tensor.dtype()) && is_floating_point(have.dtype())))
      report(str("type mismatch for '", s.key, "': file ", entry->tensor.dtype(), ", model ", have.dtype()));
  }
  for (const StateEntry& entry : state.entries())
    if (std::none_of(wanted.begin(), wanted.end(), [&](const Module::State& s) { return s.key == entry.key; }))
      report(str("unexpected key '", entry.key, "'"));
  OCTET_CHECK(problems.empty(), source, ": does not fit the model: ", problems);
  for (Module::State& s : wanted)
    if (const StateEntry* entry = state.find(s.key))
      s.value.set(entry->tensor.to(s.value.tensor().dtype()).to(s.value.tensor().device()));
}

}  // namespace octet::nn
