// Winograd's kernels (ops/cpu/winograd_int16.h) with AVX-VNNI: products by vpdpwssd.
#include "ops/cpu/generic/winograd_int16_ymm_body.h"
#include "ops/cpu/avxvnni/ymm.h"

namespace octet::ops::cpu {

const WinogradInt16 kWinogradInt16AvxVnni = kWinogradInt16Ymm<AvxVnni>;

}  // namespace octet::ops::cpu
