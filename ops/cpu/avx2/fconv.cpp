// Six rows x 16 outputs in 12 of the 16 registers.
#include <immintrin.h>

#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/generic/fconv_plain_body.h"

namespace octet::ops::cpu {
namespace {

struct Avx2 {
  using V = __m256;
  static constexpr int kPanels = 2, kPlainPlaces = 3;
  [[gnu::always_inline]] static V broadcast(float x) { return _mm256_set1_ps(x); }
  [[gnu::always_inline]] static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace

const FConvKernels avx2::fconv = kKernelsOf<Avx2>;

}  // namespace octet::ops::cpu
