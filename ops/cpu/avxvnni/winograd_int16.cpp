// Winograd's kernels (ops/cpu/winograd_int16.h) with AVX-VNNI: products by vpdpwssd.
#include "ops/cpu/avxvnni/kernels.h"
#include "ops/cpu/avxvnni/ymm.h"
#include "ops/cpu/generic/winograd_int16_ymm_body.h"

namespace octet::ops::cpu {

const WinogradInt16 avxvnni::winograd_int16 = kWinogradInt16Ymm<AvxVnni>;

}  // namespace octet::ops::cpu
