#include "tensor/state_dict.h"

namespace octet {

void StateDict::add(StateEntry entry) {
  OCTET_CHECK(by_key_.emplace(entry.key, entries_.size()).second, "duplicate key '", entry.key, "'");
  entries_.push_back(std::move(entry));
}

const StateEntry* StateDict::find(std::string_view key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : &entries_[it->second];
}

}  // namespace octet
