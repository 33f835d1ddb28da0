// A sum of one channel's values over pixels in the order of torch.mean, channels last. Where channels are the innermost, PyTorch adds 4
// vectors of them pixel by pixel (cascade), and the channels that are left over from 4 sums of every fourth pixel (interleaved).
// Source: ATen/native/cpu/SumKernel.cpp, with vectors of 8 floats (AVX2).
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet::ops {

/// value(0) + ... + value(n - 1) by partial sums of 2^p values, of these again, and so on, which keeps rounding errors small.
/// PyTorch's multi_row_sum.
template <class Value>
OCTET_HD float cascade_sum(int64_t n, Value&& value) {
  constexpr int kLevels = 4;
  int bits = 0;  // of n - 1
  for (int64_t rest = n - 1; rest > 0; rest >>= 1) ++bits;
  const int power = bits / kLevels > 4 ? bits / kLevels : 4;
  const int64_t step = int64_t{1} << power;
  float sums[kLevels] = {};
  int64_t i = 0;
  while (i + step <= n) {
    for (int64_t end = i + step; i < end; ++i) sums[0] += value(i);
    for (int level = 1; level < kLevels; ++level) {
      sums[level] += sums[level - 1];
      sums[level - 1] = 0;
      if ((i & ((step - 1) << (level * power))) != 0) break;
    }
  }
  for (; i < n; ++i) sums[0] += value(i);
  return ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

/// PyTorch's row_sum.
template <class Value>
OCTET_HD float interleaved_sum(int64_t n, Value&& value) {
  const int64_t fours = n / 4;
  float sums[4];
  for (int64_t k = 0; k < 4; ++k) sums[k] = cascade_sum(fours, [&](int64_t i) { return value(4 * i + k); });
  for (int64_t i = 4 * fours; i < n; ++i) sums[0] += value(i);
  return ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

/// value(i): pixel i of that channel.
template <class Value>
OCTET_HD float torch_sum(int64_t n, int64_t channel, int64_t channels, Value&& value) {
  constexpr int64_t kTogether = 32;  // channels: 4 vectors
  return channel < channels / kTogether * kTogether ? cascade_sum(n, value) : interleaved_sum(n, value);
}

}  // namespace octet::ops
