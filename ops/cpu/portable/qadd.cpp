// The loops of ops/cpu/generic/qadd_body.h, as the compiler makes them for any CPU.
#include "ops/cpu/generic/qadd_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

const QAddKernels portable::qadd = {add_runs<QAddShift>, add_runs<QAddFloat>};

}  // namespace octet::ops::cpu
