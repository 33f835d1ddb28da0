// AVX-512 F, BW, DQ and VL, without VNNI: registers of 64 bytes. Sums of products of codes are AVX2's.
#include "ops/cpu/avx512/kernels.h"

#include "ops/cpu/avx2/kernels.h"

namespace octet::ops::cpu {

constinit const InstructionSet avx512::kInstructionSet = {
    .name = "avx512",
    .parent = &avx2::kInstructionSet,
    .needs = kHasAvx512F | kHasAvx512Bw | kHasAvx512Dq | kHasAvx512Vl,
    .worthwhile = {.float_channels_last = true, .direct = true, .winograd = true, .winograd_fused = true},
    .kernels = {.fconv = &fconv, .fdot = &fdot, .qadd = &qadd, .peak = &peak},
};

}  // namespace octet::ops::cpu
