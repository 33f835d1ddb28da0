// The loops of ops/cpu/generic/qadd_body.h, vectorised by the compiler for AVX2 and FMA.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/generic/qadd_body.h"

namespace octet::ops::cpu {

const QAddKernels avx2::qadd = {add_runs<QAddShift>, add_runs<QAddFloat>};

}  // namespace octet::ops::cpu
