// Shapes: sizes per dimension, outermost first, printed as PyTorch prints them: [1, 3, 224, 224].
#pragma once

#include <cstdint>
#include <ostream>
#include <vector>

namespace octet {

class Shape : public std::vector<int64_t> {
 public:
  using std::vector<int64_t>::vector;
};

/// Product of the sizes, 1 for a scalar. Throws Error for a negative size and when the product exceeds 2^40 elements.
int64_t numel(const Shape& shape);

std::ostream& operator<<(std::ostream& out, const Shape& shape);

}  // namespace octet
