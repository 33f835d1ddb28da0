// Which of the known names somebody may have meant: those with the smallest edit distance (Levenshtein 1966).
#pragma once

#include <set>
#include <string>
#include <vector>

namespace octet::quant {

/// Up to `count` of `known`, the nearest first, equal ones in alphabetical order.
std::vector<std::string> nearest_names(const std::string& wanted, const std::set<std::string>& known, size_t count = 3);

}  // namespace octet::quant
