#include "nn/module.h"

#include <algorithm>
#include <set>
#include "tensor/text.h"

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

namespace {

/// A name before all keys of the model that the file's keys lack: "net." of a network with one member. Readers of checkpoints take
/// such prefixes off (loaders/checkpoints/weight_keys.h).
std::string missing_prefix(const std::vector<Module::State>& wanted, const StateDict& state) {
  if (wanted.empty()) return "";
  const std::string& first = wanted[0].key;
  for (size_t end = 0; end != first.npos; end = first.find('.', end + 1)) {
    const std::string prefix = end == 0 ? "" : first.substr(0, end + 1);
    if (!std::ranges::all_of(wanted, [&](const Module::State& s) { return s.key.starts_with(prefix); })) break;
    if (state.find(std::string_view(first).substr(prefix.size()))) return prefix;
  }
  return "";
}

bool is_counter(const std::string& key) { return key.ends_with("num_batches_tracked"); }

/// int32 and int64: PyTorch has either for a zero point, depending on what was done before.
bool is_signed_integer(DType dtype) { return dtype == DType::i32 || dtype == DType::i64; }

/// The file's tensor fits the model's: the same shape and a kind of number that converts. A counter is one number of any type.
std::string mismatch(const StateEntry& entry, const Module::State& wanted) {
  const Tensor &file = entry.tensor, &model = wanted.value.tensor();
  if (is_counter(wanted.key) && file.numel() == 1 && !entry.qparams) return "";
  if (file.shape() != model.shape())
    return str("size mismatch for ", quoted(wanted.key), ": file ", file.shape(), ", model ", model.shape());
  const bool converts = (is_floating_point(file.dtype()) && is_floating_point(model.dtype())) ||
                        (is_signed_integer(file.dtype()) && is_signed_integer(model.dtype()));
  if (file.dtype() != model.dtype() && !converts)
    return str("type mismatch for ", quoted(wanted.key), ": file ", file.dtype(), ", model ", model.dtype());
  return "";
}

}  // namespace

void load_state_dict(Module& model, const StateDict& state, const std::string& source) {
  std::string problems;
  auto report = [&](const std::string& problem) { problems += (problems.empty() ? "" : "; ") + problem; };
  std::vector<Module::State> wanted = model.state();
  const size_t prefix = missing_prefix(wanted, state).size();
  const auto in_file = [&](const Module::State& s) { return std::string_view(s.key).substr(prefix); };
  std::set<std::string_view> known;
  for (const Module::State& s : wanted) {
    known.insert(in_file(s));
    const StateEntry* entry = state.find(in_file(s));
    if (entry == nullptr && !is_counter(s.key)) report(str("missing key ", quoted(s.key)));
    if (entry == nullptr) continue;
    if (const std::string problem = mismatch(*entry, s); !problem.empty()) report(problem);
  }
  for (const StateEntry& entry : state.entries())
    if (!known.contains(entry.key)) report(str("unexpected key ", quoted(entry.key)));
  OCTET_CHECK(problems.empty(), source, ": does not fit the model: ", problems);
  for (Module::State& s : wanted)
    if (const StateEntry* entry = state.find(in_file(s))) {
      const Tensor& have = s.value.tensor();
      const Tensor tensor = is_counter(s.key) ? entry->tensor.reshape(have.shape()) : entry->tensor;
      s.value.set(tensor.to(have.dtype()).to(have.device()));
    }
}

}  // namespace octet::nn
