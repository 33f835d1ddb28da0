// Winograd's kernels (ops/cpu/winograd_int16.h) with AVX2: products by vpmaddwd.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/avx2/ymm.h"
#include "ops/cpu/generic/winograd_int16_ymm_body.h"

namespace octet::ops::cpu {

const WinogradInt16 avx2::winograd_int16 = kWinogradInt16Ymm<Avx2>;

}  // namespace octet::ops::cpu
