// The loops of ops/cpu/generic/qadd_body.h, vectorised by the compiler for AVX2 and FMA.
#include "ops/cpu/generic/qadd_body.h"

namespace octet::ops::cpu {

const QAddKernels kQAddAvx2 = {add_runs<QAddShift>, add_runs<QAddFloat>};

}  // namespace octet::ops::cpu
