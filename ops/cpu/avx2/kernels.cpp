// AVX2 with FMA: registers of 32 bytes, int16 products by vpmaddwd.
#include "ops/cpu/avx2/kernels.h"

#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {

constinit const InstructionSet avx2::kInstructionSet = {
    .name = "avx2",
    .parent = &portable::kInstructionSet,
    .needs = kHasAvx2 | kHasFma,
    .worthwhile = {.float_channels_last = true, .direct = true, .winograd = true, .winograd_fused = true},
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
