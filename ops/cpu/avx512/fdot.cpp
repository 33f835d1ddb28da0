// Four rows x six outputs in 24 of the 32 registers.
#include <immintrin.h>

#include "ops/cpu/avx512/kernels.h"
#include "ops/cpu/generic/fdot_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx512 {
  using V = __m512;
  static constexpr int kRows = 4, kOutputs = 6;
  [[gnu::always_inline]] static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace

const FDotKernels avx512::fdot = kFDotOf<Avx512>;

}  // namespace octet::ops::cpu
