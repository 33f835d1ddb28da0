// Winograd's kernels (ops/cpu/winograd_int16.h) with AVX2: products by vpmaddwd.
#include "ops/cpu/generic/winograd_int16_ymm_body.h"
#include "ops/cpu/avx2/ymm.h"

namespace octet::ops::cpu {

const WinogradInt16 kWinogradInt16Avx2 = kWinogradInt16Ymm<Avx2>;

}  // namespace octet::ops::cpu
