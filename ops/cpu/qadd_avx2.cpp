// The loops of ops/cpu/qadd_body.h, vectorised by the compiler for AVX2 and FMA.
#include "ops/cpu/qadd_body.h"

namespace octet::ops::cpu {

const QAddKernels kQAddAvx2 = {add_by_shift, add_by_float};

}  // namespace octet::ops::cpu
