#include "loaders/checkpoints/find_weights.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "loaders/checkpoints/weight_keys.h"
#include "loaders/checkpoints/whole_model.h"
#include "loaders/files/limits.h"

namespace octet::loaders {
namespace {

using pickle::Pickle;
using pickle::Ref;

constexpr int kDeepest = 4;  // dicts of dicts that are looked into

/// The names that training scripts use; the first that holds weights decides. An average's copy comes last.
constexpr const char* kWrappers[] = {"model",          "state_dict", "model_state_dict", "net",    "network",
                                     "net_state_dict", "module",     "weights",          "params", "model_state",
                                     "checkpoint",     "model_ema",  "state_dict_ema",   "ema",    "ema_state_dict"};

bool has(const std::string& name, std::string_view part) { return name.find(part) != name.npos; }

/// An optimizer's state holds tensors too.
bool is_training_state(const std::string& name) {
  return name.starts_with("opt") || has(name, "optim") || has(name, "sched") || has(name, "scaler");
}

/// The entries of a dict whose keys are all strings, or the items of a list under their numbers; of anything else nothing.
PickledDict children(const Pickle& pickle, Ref ref) {
  PickledDict found;
  const auto add_items = [&](const std::vector<Ref>& items) {
    for (size_t i = 0; i < items.size(); ++i) found.emplace_back(std::to_string(i), items[i]);
  };
  if (const auto* list = pickle.get<pickle::List>(ref)) add_items(list->items);
  if (const auto* tuple = pickle.get<pickle::Tuple>(ref)) add_items(tuple->items);
  if (const auto* dict = pickle.get<pickle::Dict>(ref))
    for (const auto& [key, value] : dict->items) {
      const auto* name = pickle.get<std::string>(key);
      if (name == nullptr) return {};
      found.emplace_back(*name, value);
    }
  return found;
}

class Finder {
 public:
  Finder(const Pickle& pickle, const TensorReader& reader, const std::string& file)
      : pickle_(pickle), reader_(reader), file_(file) {}

  Weights find() {
    Weights found;
    Ref at = pickle_.top();
    std::string place = file_;
    for (;;) {
      const PickledDict entries = found.under.size() < kDeepest ? children(pickle_, at) : PickledDict{};
      const size_t inner = chosen(entries, place);
      if (inner == entries.size()) break;
      if (pickle_.get<pickle::Dict>(at)) read_dict(at, place);  // its keys are checked
      for (size_t i = 0; i < entries.size(); ++i)
        if (i != inner) found.beside.push_back(entries[i].first);
      found.under.push_back(entries[inner].first);
      at = entries[inner].second;
      place = file_ + ": " + quoted(found.under.back());
    }
    found.entries = read_dict(at, place);
    refuse_model_inside(found.entries, place);
    return found;
  }

 private:
  /// Is it a dict of tensors, or one that has such a dict inside? Each value is looked at once: dicts may hold each other.
  bool holds_weights(Ref ref, int depth = 0) {
    if (depth == kDeepest || !pickle_.get<pickle::Dict>(ref)) return false;
    if (const auto seen = seen_.find(ref); seen != seen_.end()) return seen->second;
    seen_[ref] = false;
    const PickledDict entries = children(pickle_, ref);
    return seen_[ref] = std::ranges::any_of(entries, [&](const auto& e) {
             return reader_.is_tensor(e.second) || (!is_training_state(e.first) && holds_weights(e.second, depth + 1));
           });
  }

  /// The entry to look into; entries.size() when the weights are these entries themselves.
  size_t chosen(const PickledDict& entries, const std::string& where) {
    std::vector<size_t> candidates;
    for (size_t i = 0; i < entries.size(); ++i)
      if (!is_training_state(entries[i].first) && holds_weights(entries[i].second)) candidates.push_back(i);
    for (const char* wrapper : kWrappers)
      for (const size_t i : candidates)
        if (entries[i].first == wrapper) return i;
    const bool weights = std::ranges::any_of(entries, [&](const auto& e) { return reader_.elements(e.second) > 1; });
    if (candidates.empty() || weights) return entries.size();
    std::vector<std::string> names;
    for (const size_t i : candidates) names.push_back(entries[i].first);
    OCTET_CHECK(names.size() == 1, where, ": ", names.size(), " dicts of tensors, under ", listed(names),
                "; save one network's state_dict() in a file");
    return candidates[0];
  }

  PickledDict read_dict(Ref ref, const std::string& where) {
    const auto* dict = pickle_.get<pickle::Dict>(ref);
    if (dict == nullptr) refuse_whole_model(pickle_, ref, where, file_);
    OCTET_CHECK(dict != nullptr, where, ": expected a dict of tensors, got ", pickle_.describe(ref),
                "; save model.state_dict(), not the model");
    OCTET_CHECK(dict->items.size() <= kMaxTensors, where, ": ", dict->items.size(), " entries, at most ", kMaxTensors);
    PickledDict entries;
    std::set<std::string_view> seen;
    for (const auto& [key, value] : dict->items) {
      const auto* name = pickle_.get<std::string>(key);
      OCTET_CHECK(name != nullptr, where, ": expected a dict of tensors, but a key is ", pickle_.describe(key));
      OCTET_CHECK(seen.insert(*name).second, where, ": duplicate key ", quoted(*name));
      entries.emplace_back(*name, value);
    }
    return entries;
  }

  /// {'model': a pickled model, 'best_acc1': tensor(71.)} has no tensors of its own but numbers.
  void refuse_model_inside(const PickledDict& entries, const std::string& where) {
    if (std::ranges::any_of(entries, [&](const auto& e) { return reader_.elements(e.second) > 1; })) return;
    for (const auto& [name, value] : entries)
      if (std::ranges::find(kWrappers, name) != std::end(kWrappers))
        refuse_whole_model(pickle_, value, where + ": " + quoted(name), file_);
  }

  const Pickle& pickle_;
  const TensorReader& reader_;
  const std::string& file_;
  std::unordered_map<Ref, bool> seen_;
};

}  // namespace

std::string Weights::remark() const {
  if (under.empty()) return "";
  std::string text = "the weights are under ";
  for (size_t i = 0; i < under.size(); ++i) text += (i ? " in " : "") + quoted(under[under.size() - 1 - i]);
  const bool optimizer = std::ranges::any_of(beside, [](const std::string& n) { return n.starts_with("opt"); });
  return text + (beside.empty() ? "" : "; left out beside them: " + listed(beside)) +
         (optimizer ? "; a training that begins with them has a fresh optimizer" : "");
}

Weights find_weights(const Pickle& pickle, const TensorReader& reader, const std::string& file) {
  return Finder(pickle, reader, file).find();
}

}  // namespace octet::loaders
