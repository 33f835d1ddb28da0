// Eight of the sixteen chains at a time: three rows x four outputs in 12 of the 16 registers.
#include <immintrin.h>

#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/generic/fdot_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx2 {
  using V = __m256;
  static constexpr int kRows = 3, kOutputs = 4;
  [[gnu::always_inline]] static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace

const FDotKernels avx2::fdot = kFDotOf<Avx2>;

}  // namespace octet::ops::cpu
