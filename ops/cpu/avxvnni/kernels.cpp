// AVX2 and AVX-VNNI, as Intel's processors without AVX-512 have it: registers of 32 bytes, products of bytes by vpdpbusd and of
// int16 by vpdpwssd.
#include "ops/cpu/avxvnni/kernels.h"

#include "ops/cpu/avx2/kernels.h"

namespace octet::ops::cpu {

constinit const InstructionSet avxvnni::kInstructionSet = {
    .name = "avxvnni",
    .parent = &avx2::kInstructionSet,
    .needs = kHasAvxVnni,
    .worthwhile = {.float_channels_last = true,
                   .direct = true,
                   .winograd = true,
                   // In registers of 32 bytes transforming weights takes longer than vpdpbusd takes to do without Winograd.
                   .winograd_fused = false},
    .kernels = {.qconv = &qconv, .qdepthwise = &qdepthwise, .winograd_int16 = &winograd_int16, .peak = &peak},
};

}  // namespace octet::ops::cpu
