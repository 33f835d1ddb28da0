// Portable kernels have no instruction of their own to compare with.
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

const std::span<const PeakLoop> portable::peak = {};

}  // namespace octet::ops::cpu
