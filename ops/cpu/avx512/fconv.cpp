// Six rows x 64 outputs in 24 of the 32 registers.
#include <immintrin.h>

#include "ops/cpu/avx512/kernels.h"
#include "ops/cpu/generic/fconv_plain_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx512 {
  using V = __m512;
  static constexpr int kPanels = 4, kPlainPlaces = 6;
  [[gnu::always_inline]] static V broadcast(float x) { return _mm512_set1_ps(x); }
  [[gnu::always_inline]] static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace

const FConvKernels avx512::fconv = kKernelsOf<Avx512>;

}  // namespace octet::ops::cpu
