#include "loaders/checkpoints/weight_keys.h"

#include <algorithm>
#include <string_view>

#include "loaders/files/bytes.h"

namespace octet::loaders {
namespace {

/// Names that wrappers and programs give to the whole network.
constexpr std::string_view kWrappers[] = {"module",     "_orig_mod",       "model",     "net",       "network", "backbone",
                                          "base_model", "encoder",         "resnet",    "cnn",       "_model",  "student",
                                          "learner",    "_forward_module", "ema_model", "model_ema", "ema",     "averaged_model",
                                          "state_dict", "model_state_dict"};

/// Keys without a dot that are a training's numbers, and the first parts of keys that are no weights of this network.
constexpr std::string_view kNumbers[] = {"n_averaged",  "epoch",     "epochs",     "loss",       "step", "steps",
                                         "global_step", "iteration", "iter",       "acc",        "acc1", "top1",
                                         "accuracy",    "val_loss",  "val_acc",    "train_loss", "arch", "args",
                                         "config",      "lr",        "state_step", "num_updates"};
constexpr std::string_view kBeginnings[] = {"best_", "optim", "scheduler", "lr_sched", "scaler"};
constexpr std::string_view kParts[] = {"optimizer", "optim", "opt", "lr_scheduler", "scheduler"};
/// What stands beside the network in a wrapper that has it under a name: an average's copy, the loss.
constexpr std::string_view kNeighbours[] = {"model_ema",      "ema",       "ema_model", "averaged_model",
                                            "state_dict_ema", "criterion", "loss_fn",   "loss"};
/// What a profiler (thop) counts in each layer.
constexpr std::string_view kCounters[] = {"total_ops", "total_params"};

template <size_t N>
bool one_of(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string_view first_part(std::string_view key) { return key.substr(0, key.find('.')); }

bool is_beside(std::string_view key) {
  if (one_of(kCounters, key.substr(key.rfind('.') + 1))) return true;
  if (key.find('.') != key.npos) return one_of(kParts, first_part(key));
  return one_of(kNumbers, key) || std::ranges::any_of(kBeginnings, [&](std::string_view b) { return key.starts_with(b); });
}

/// A quantized model's stubs stand outside the module that they serve (torch.ao.quantization.QuantWrapper).
bool is_stub(std::string_view key) { return key.starts_with("quant."); }

/// Behind a wrapper of any name: what begins a network that octet has, so that the name before it is no layer's.
constexpr std::string_view kFirstLayers[] = {"conv1.weight", "features.0.weight", "features.0.0.weight"};

bool holds_network(const std::vector<std::string_view>& keys, std::string_view part) {
  return std::ranges::any_of(keys, [&](std::string_view key) {
    return key.size() > part.size() && one_of(kFirstLayers, key.substr(part.size() + 1)) && first_part(key) == part;
  });
}

/// The one wrapper's name that begins every key; empty if there is none. Neighbours count only where nothing else is.
std::string_view common_part(const std::vector<std::string_view>& keys) {
  std::string_view found;
  const bool alone = std::ranges::all_of(keys, [](std::string_view key) { return one_of(kNeighbours, first_part(key)); });
  for (const std::string_view key : keys) {
    const std::string_view part = first_part(key);
    if (is_stub(key) || (!alone && one_of(kNeighbours, part))) continue;
    if (key.size() < part.size() + 2 || (!found.empty() && part != found)) return {};
    found = part;
  }
  return one_of(kWrappers, found) || holds_network(keys, found) ? found : std::string_view();
}

}  // namespace

std::optional<std::string> WeightKeys::key_of(const std::string& name) const {
  if (std::ranges::find(beside, name) != beside.end()) return std::nullopt;
  std::string_view key = name;
  for (const std::string& prefix : prefixes)
    if (key.starts_with(prefix)) key.remove_prefix(prefix.size());
  return std::string(key);
}

std::string WeightKeys::prefix() const {
  std::string all;
  for (const std::string& prefix : prefixes) all += prefix;
  return all;
}

std::string WeightKeys::remark() const {
  const std::string off = prefixes.empty() ? "" : "took the prefix '" + prefix() + "' off every key";
  const std::string out = beside.empty() ? "" : "left out beside the weights: " + listed(beside);
  return off + (off.empty() || out.empty() ? "" : "; ") + out;
}

WeightKeys weight_keys(const std::vector<std::string>& names) {
  WeightKeys keys;
  std::vector<std::pair<std::string_view, const std::string*>> left;  // what is left of each weight's name
  for (const std::string& name : names) left.emplace_back(name, &name);
  const auto take_out = [&](auto which) {
    std::erase_if(left, [&](const auto& l) {
      const bool out = which(l.first);
      if (out) keys.beside.push_back(*l.second);
      return out;
    });
  };
  for (;;) {
    take_out(is_beside);
    std::vector<std::string_view> rest;
    for (const auto& [key, name] : left) rest.push_back(key);
    const std::string part(common_part(rest));
    if (part.empty()) return keys;
    take_out([&](std::string_view key) { return first_part(key) != part && !is_stub(key); });
    keys.prefixes.push_back(part + ".");
    for (auto& [key, name] : left)
      if (first_part(key) == part) key.remove_prefix(part.size() + 1);
  }
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kListed = 6;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kListed); ++i) text += (i ? ", " : "") + quoted(names[i]);
  return text + (names.size() > kListed ? str(", ..., ", names.size(), " in all") : "");
}

}  // namespace octet::loaders
