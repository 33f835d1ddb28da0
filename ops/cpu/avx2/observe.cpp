// The loops of ops/cpu/generic/observe_body.h, vectorised by the compiler for AVX2.
#include "ops/cpu/generic/observe_body.h"

namespace octet::ops::cpu {

MinMaxNan min_max_avx2(const float* x, int64_t n) { return min_max_body(x, n); }
void find_bins_avx2(const float* x, int64_t n, const BinRule& rule, int32_t* bin) { find_bins_body(x, n, rule, bin); }

}  // namespace octet::ops::cpu
