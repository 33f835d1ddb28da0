// Names of nodes, as torch.fx makes them of modules' paths.
#pragma once

#include <string>

namespace octet::networks {

/// "Mixed_5b.branchPool" -> "mixed_5b.branch_pool". Source: torch/fx/graph.py, _snake_case.
inline std::string snake_case(const std::string& path) {
  std::string name;
  for (const char c : path) {
    const bool upper = c >= 'A' && c <= 'Z', after_lower = !name.empty() && name.back() >= 'a' && name.back() <= 'z';
    if (upper && after_lower) name += '_';
    name += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

}  // namespace octet::networks
