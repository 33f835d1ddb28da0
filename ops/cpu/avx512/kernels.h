// The kernels of this folder, for its table in kernels.cpp.
#pragma once

#include "ops/cpu/kernels.h"

namespace octet::ops::cpu::avx512 {

extern const InstructionSet kInstructionSet;

extern const FConvKernels fconv;
extern const FDotKernels fdot;
extern const QAddKernels qadd;
extern const std::span<const PeakLoop> peak;

}  // namespace octet::ops::cpu::avx512
