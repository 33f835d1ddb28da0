// The loop of ops/cpu/peak.h, which each kernel file compiles for its instruction set.
#pragma once

#include <immintrin.h>

#include "ops/cpu/peak.h"

namespace octet::ops::cpu {
namespace {

constexpr int kChains = 12;  // enough to hide each instruction's latency

/// step(sum, x): one instruction, or two, that adds products of x to sum.
template <class Vector, class Step>
[[gnu::always_inline]] inline void run_chains(int64_t iterations, Vector x, Step step) {
  Vector sum[kChains];
#pragma GCC unroll 12
  for (Vector& s : sum) s = Vector{};
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (Vector& s : sum) {
      asm volatile("" : "+v"(x));  // makes the compiler compute the product each time
      s = step(s, x);
      asm volatile("" : "+v"(s));
    }
}

}  // namespace
}  // namespace octet::ops::cpu
