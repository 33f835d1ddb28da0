// ops/gemm.h on the device: cuBLAS (gemm_cublas.cpp); in the emulation, the CPU's (gemm_emulated.cpp).
#pragma once

#include "ops/gemm.h"

namespace octet::ops::cuda {

void gemm(const Gemm& g);

/// Lets float products round their inputs to TF32 (10 bits of fraction), which tensor cores multiply several times faster. Off
/// unless asked for, as in PyTorch (torch.backends.cuda.matmul.allow_tf32). Without effect before sm_80.
void allow_tf32(bool allowed);

}  // namespace octet::ops::cuda
