#include "tensor/state_dict.h"

#include <algorithm>

namespace octet {

void StateDict::add(StateEntry entry) {
  OCTET_CHECK(find(entry.key) == nullptr, "duplicate key '", entry.key, "'");
  entries_.push_back(std::move(entry));
}

const StateEntry* StateDict::find(std::string_view key) const {
  const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const StateEntry& e) { return e.key == key; });
  return it == entries_.end() ? nullptr : &*it;
}

}  // namespace octet
