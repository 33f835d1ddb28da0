#include "tensor/shape.h"

#include "tensor/error.h"

namespace octet {
namespace {
constexpr int64_t kMaxElements = int64_t{1} << 40;
}

int64_t numel(const Shape& shape) {
  int64_t n = 1;
  for (int64_t size : shape) {
    OCTET_CHECK(size >= 0, "shape ", shape, " has a negative size");
    // The product of the sizes after a 0 does not matter, but each size must still be one that could exist.
    OCTET_CHECK(size <= kMaxElements && (n == 0 || size <= kMaxElements / n), "shape ", shape, " has more than 2^40 elements");
    n *= size;
  }
  return n;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (size_t i = 0; i < shape.size(); ++i) out << (i ? ", " : "") << shape[i];
  return out << ']';
}

}  // namespace octet
