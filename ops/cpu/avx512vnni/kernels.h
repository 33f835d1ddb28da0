// The kernels of this folder, for its table in kernels.cpp.
#pragma once

#include "ops/cpu/kernels.h"

namespace octet::ops::cpu::avx512vnni {

extern const InstructionSet kInstructionSet;

extern const ConvKernel qconv;
extern const DepthwiseKernel qdepthwise;
extern const WinogradInt16 winograd_int16;
extern const WinogradFused winograd_fused;
extern const std::span<const PeakLoop> peak;

}  // namespace octet::ops::cpu::avx512vnni
