// The loops of ops/cpu/generic/observe_body.h, as the compiler makes them for any CPU.
#include "ops/cpu/generic/observe_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

const ObserveKernels portable::observe = {min_max_body, find_bins_body};

}  // namespace octet::ops::cpu
