// Winograd's kernels (ops/cpu/winograd_int16.h) with AVX-VNNI: products by vpdpwssd.
#include "ops/cpu/winograd_int16_ymm_body.h"
#include "ops/cpu/ymm_avxvnni.h"

namespace octet::ops::cpu {

const WinogradInt16 kWinogradInt16AvxVnni = kWinogradInt16Ymm<AvxVnni>;

}  // namespace octet::ops::cpu
