#include "ops/cpu/peak.h"

#include <omp.h>

#include <algorithm>
#include <chrono>

#include "ops/cpu/isa.h"

namespace octet::ops::cpu {

std::span<const PeakLoop> peak_loops() { return *kernels().peak; }

double measure_peak(const PeakLoop& loop) {
  constexpr int64_t kIterations = 1 << 20;
  constexpr int kRuns = 40;
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    int threads = 1;
    const auto start = Clock::now();
#pragma omp parallel
    {
#pragma omp single nowait
      threads = omp_get_num_threads();
      loop.run(kIterations);
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, static_cast<double>(kIterations * loop.multiply_adds) * threads / seconds);
  }
  return best;
}

}  // namespace octet::ops::cpu
