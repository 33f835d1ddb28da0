// The kernels of this folder, for its table in kernels.cpp.
#pragma once

#include "ops/cpu/kernels.h"

namespace octet::ops::cpu::avx2 {

extern const InstructionSet kInstructionSet;

Affine affine;
extern const FConvKernels fconv;
extern const FDotKernels fdot;
extern const ObserveKernels observe;
QuantizeRow quantize_row;
extern const QAddKernels qadd;
QGemm qgemm;
extern const ConvKernel qconv;
extern const DepthwiseKernel qdepthwise;
extern const WinogradInt16 winograd_int16;
extern const WinogradFused winograd_fused;
extern const std::span<const PeakLoop> peak;

}  // namespace octet::ops::cpu::avx2
