// An instruction set: what a CPU must have for it, what it is good for, and its table of kernels. ops/cpu/kernels.md explains the
// names, and how to add a set.
//
// Plain data: files that are compiled for one instruction set make these, and a function there might not run on this CPU.
#pragma once

#include <cstdint>
#include <span>

#include "ops/cpu/affine.h"
#include "ops/cpu/fconv.h"
#include "ops/cpu/fdot.h"
#include "ops/cpu/observe.h"
#include "ops/cpu/peak.h"
#include "ops/cpu/qadd.h"
#include "ops/cpu/qconv.h"
#include "ops/cpu/qdepthwise.h"
#include "ops/cpu/qgemm.h"
#include "ops/cpu/qquantize.h"
#include "ops/cpu/winograd_fused.h"
#include "ops/cpu/winograd_int16.h"

namespace octet::ops::cpu {

/// One pointer per family. Null: the set has no such kernel of its own, and uses its parent's.
struct Kernels {
  // floats
  Affine* affine = nullptr;
  const FConvKernels* fconv = nullptr;
  const FDotKernels* fdot = nullptr;
  // floats to codes
  const ObserveKernels* observe = nullptr;
  QuantizeRow* quantize_row = nullptr;
  // codes
  const QAddKernels* qadd = nullptr;
  QGemm* qgemm = nullptr;
  const ConvKernel* qconv = nullptr;
  const DepthwiseKernel* qdepthwise = nullptr;
  const WinogradInt16* winograd_int16 = nullptr;
  const WinogradFused* winograd_fused = nullptr;
  // what a benchmark compares with
  const std::span<const PeakLoop>* peak = nullptr;
};

/// What a CPU has, as bits: ops/cpu/features_x86.cpp asks it.
using Features = uint32_t;
constexpr Features kHasAvx2 = 1u << 0, kHasFma = 1u << 1, kHasAvxVnni = 1u << 2, kHasAvx512F = 1u << 3, kHasAvx512Bw = 1u << 4,
                   kHasAvx512Dq = 1u << 5, kHasAvx512Vl = 1u << 6, kHasAvx512Vnni = 1u << 7;

/// The ways of computing a convolution that are worth taking with a set's kernels. Without them, or where one of them is false,
/// another way to the same numbers is faster.
struct WorthwhileWays {
  bool float_channels_last = false;  // ops/conv/inference_conv2d.h, by fconv
  bool direct = false;               // ops/int8/direct_conv2d.h, by qconv
  bool winograd = false;             // ops/int8/winograd_conv2d.h, by winograd_int16
  bool winograd_fused = false;       // the same with plain weights, by winograd_fused
};

struct InstructionSet {
  const char* name;              // as OCTET_ISA and --version have it; that of its folder
  const InstructionSet* parent;  // whose kernels it uses where it has none; null: of nobody
  Features needs;                // besides the parent's
  WorthwhileWays worthwhile;
  Kernels kernels;
};

}  // namespace octet::ops::cpu
