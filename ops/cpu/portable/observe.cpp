#include "ops/cpu/observe.h"

#include "ops/cpu/isa.h"
#include "ops/cpu/generic/observe_body.h"

namespace octet::ops::cpu {

MinMaxNan min_max_portable(const float* x, int64_t n) { return min_max_body(x, n); }
void find_bins_portable(const float* x, int64_t n, const BinRule& rule, int32_t* bin) { find_bins_body(x, n, rule, bin); }

ObserveKernels observe_kernels() {
  if (use(Isa::avx2)) return {min_max_avx2, find_bins_avx2};
  return {min_max_portable, find_bins_portable};
}

}  // namespace octet::ops::cpu
