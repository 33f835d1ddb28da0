// The keys of a checkpoint's weights without what others wrap round them: "module._orig_mod.conv1.weight" -> "conv1.weight".
//
// DataParallel, torch.compile, Lightning, averaged models and networks kept in a member put a name before every key. Beside the
// weights lie numbers (n_averaged, best_acc1), the optimizer's state and an average's copy, which belong to no layer.
// A prefix goes only if every weight has it. PyTorch leaves all this to the user
// (torch.nn.modules.utils.consume_prefix_in_state_dict_if_present).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace octet::loaders {

struct WeightKeys {
  std::vector<std::string> prefixes;  // outermost first: {"module.", "_orig_mod."}
  std::vector<std::string> beside;    // keys of no weight

  /// The key without the prefixes; none for one of `beside`.
  std::optional<std::string> key_of(const std::string& name) const;
  /// All prefixes together.
  std::string prefix() const;
  /// For a note: "took the prefix 'module.' off every key; left out beside the weights: 'epoch'". Empty if nothing was done.
  std::string remark() const;
};

WeightKeys weight_keys(const std::vector<std::string>& names);

/// "'a', 'b', 'c', ..., 9 in all".
std::string listed(const std::vector<std::string>& names);

}  // namespace octet::loaders
