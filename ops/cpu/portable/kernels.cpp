// Kernels for any CPU, in plain loops and the compiler's own vectors: the twin that each other kernel must equal, and what every
// set falls back to.
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

constinit const InstructionSet portable::kInstructionSet = {
    .name = "portable",
    .parent = nullptr,
    .needs = 0,
    .worthwhile = {},
    .kernels = {.affine = affine,
                .fconv = &fconv,
                .fdot = &fdot,
                .observe = &observe,
                .quantize_row = quantize_row,
                .qadd = &qadd,
                .qgemm = qgemm,
                .qconv = &qconv,
                .qdepthwise = &qdepthwise,
                .winograd_int16 = &winograd_int16,
                .winograd_fused = &winograd_fused,
                .peak = &peak},
};

}  // namespace octet::ops::cpu
