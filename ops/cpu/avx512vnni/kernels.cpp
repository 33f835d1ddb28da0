// AVX-512 and its VNNI: registers of 64 bytes, products of bytes by vpdpbusd and of int16 by vpdpwssd.
#include "ops/cpu/avx512vnni/kernels.h"

#include "ops/cpu/avx512/kernels.h"

namespace octet::ops::cpu {

constinit const InstructionSet avx512vnni::kInstructionSet = {
    .name = "avx512vnni",
    .parent = &avx512::kInstructionSet,
    .needs = kHasAvx512Vnni,
    .worthwhile = {.float_channels_last = true, .direct = true, .winograd = true, .winograd_fused = true},
    .kernels = {.qconv = &qconv,
                .qdepthwise = &qdepthwise,
                .winograd_int16 = &winograd_int16,
                .winograd_fused = &winograd_fused,
                .peak = &peak},
};

}  // namespace octet::ops::cpu
