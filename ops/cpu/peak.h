// The most multiply-adds a second that this CPU can do with the instructions the kernels are made of: registers only, no memory.
// What a layer reaches is told as a share of it.
#pragma once

#include <cstdint>
#include <span>

namespace octet::ops::cpu {

struct PeakLoop {
  const char* instruction;
  int64_t multiply_adds;  // of one iteration
  void (*run)(int64_t iterations);
};

/// Of active_isa(): float first, then integers. Empty for portable kernels, which have no instruction of their own.
std::span<const PeakLoop> peak_loops();

/// Multiply-adds a second on all threads: the best of some short runs, about 0.1 s.
double measure_peak(const PeakLoop& loop);

}  // namespace octet::ops::cpu
