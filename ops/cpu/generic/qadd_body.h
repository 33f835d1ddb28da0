// The loops of ops/cpu/qadd.h, which each kernel file compiles for its instruction set. Static, as everything that is compiled
// twice.
#pragma once

#include "ops/cpu/qadd.h"

namespace octet::ops::cpu {
namespace {

void add_run(const uint8_t* a, const uint8_t* b, int64_t n, const QAddShift& constants, uint8_t* y) {
  const QAddShift c = constants;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = int8::sum_by_shift(a[i], b[i], c);
}

void add_run(const uint8_t* a, const uint8_t* b, int64_t n, const QAddFloat& constants, uint8_t* y) {
  const QAddFloat c = constants;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = int8::sum_by_float(a[i], b[i], c);
}

template <class Constants>
void add_runs(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const Constants& constants, uint8_t* y) {
  for (int64_t row = 0, at = 0; row < runs.rows; ++row, at += runs.stride) add_run(a + at, b + at, runs.n, constants, y + at);
}

}  // namespace
}  // namespace octet::ops::cpu
