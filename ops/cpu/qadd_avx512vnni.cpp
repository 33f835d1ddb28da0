// The loops of ops/cpu/qadd_body.h, vectorised by the compiler for AVX-512.
#include "ops/cpu/qadd_body.h"

namespace octet::ops::cpu {

const QAddKernels kQAddAvx512Vnni = {add_by_shift, add_by_float};

}  // namespace octet::ops::cpu
