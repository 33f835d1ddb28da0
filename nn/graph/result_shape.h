// The shape of what a node gives, without computing it: floats [N, C, H, W], codes [N, H, W, C], as ops/ lay them.
//
// What an op cannot take is an Error here as it is there. Ops that keep their input's shape (nn::op::Layout::any) need no line here;
// any other has its overload in the .cpp, which the compiler asks for.
#pragma once

#include <span>

#include "nn/graph/graph.h"

namespace octet::nn {

/// inputs: the shapes of the node's inputs; of a placeholder, its own. Throws Error for a node of optimize_for_inference, whose
/// closure tells nobody what it gives.
Shape result_shape(const Node& node, std::span<const Shape> inputs);

/// Multiply-adds of the plain sum of products, and the bytes of buffers beside inputs and result, at most; saturated.
struct Effort {
  int64_t multiply_adds = 0, bytes = 0;
};
Effort effort_of(const Node& node, std::span<const Shape> inputs, const Shape& result);

/// Sums and products that stay at the largest int64 where they would pass it. For numbers that are not negative.
inline int64_t plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}
template <class... Factors>
int64_t times(int64_t first, Factors... factors) {
  int64_t product = first;
  const auto by = [&](int64_t factor) {
    if (__builtin_mul_overflow(product, factor, &product)) product = INT64_MAX;
  };
  (by(factors), ...);
  return product;
}

}  // namespace octet::nn
