// The loops of ops/cpu/generic/observe_body.h, vectorised by the compiler for AVX2.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/generic/observe_body.h"

namespace octet::ops::cpu {

const ObserveKernels avx2::observe = {min_max_body, find_bins_body};

}  // namespace octet::ops::cpu
