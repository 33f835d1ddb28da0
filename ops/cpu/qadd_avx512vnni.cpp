// Sixteen codes at a time, in the steps of ops/cpu/qadd_body.h.
#include <immintrin.h>

#include "ops/cpu/qadd_body.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kLanes = 16;

[[gnu::always_inline]] inline __m512i load_codes(const uint8_t* codes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

[[gnu::always_inline]] inline void store_codes(__m512i q, uint8_t* y) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm512_cvtepi32_epi8(q));
}

void by_shift(const uint8_t* a, const uint8_t* b, int64_t n, const QAddShift& c, uint8_t* y) {
  const __m512i ma = _mm512_set1_epi32(c.ma), mb = _mm512_set1_epi32(c.mb), zy = _mm512_set1_epi32(c.zy),
                one = _mm512_set1_epi32(1), zeros = _mm512_set1_epi32(-c.za * c.ma - c.zb * c.mb),
                qmin = _mm512_set1_epi32(c.qmin), qmax = _mm512_set1_epi32(c.qmax);
  const __m128i shift = _mm_cvtsi32_si128(c.shift - 1);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const __m512i products =
        _mm512_add_epi32(_mm512_mullo_epi32(load_codes(a + i), ma), _mm512_mullo_epi32(load_codes(b + i), mb));
    const __m512i acc = _mm512_add_epi32(products, zeros), away = _mm512_add_epi32(acc, _mm512_srai_epi32(acc, 31));
    __m512i q = _mm512_srai_epi32(_mm512_add_epi32(_mm512_sra_epi32(away, shift), one), 1);
    q = _mm512_min_epi32(_mm512_max_epi32(_mm512_add_epi32(q, zy), qmin), qmax);
    store_codes(q, y + i);
  }
  add_by_shift(a + i, b + i, n - i, c, y + i);
}

void by_float(const uint8_t* a, const uint8_t* b, int64_t n, const QAddFloat& c, uint8_t* y) {
  const __m512 sa = _mm512_set1_ps(c.sa), sb = _mm512_set1_ps(c.sb), offset_a = _mm512_set1_ps(c.offset_a),
               offset_b = _mm512_set1_ps(c.offset_b), inverse_scale = _mm512_set1_ps(c.inverse_scale),
               low = _mm512_set1_ps(static_cast<float>(c.qmin - c.zy)), high = _mm512_set1_ps(static_cast<float>(c.qmax - c.zy));
  const __m512i zy = _mm512_set1_epi32(c.zy);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const __m512 real_a = _mm512_fmadd_ps(_mm512_cvtepi32_ps(load_codes(a + i)), sa, offset_a),
                 real_b = _mm512_fmadd_ps(_mm512_cvtepi32_ps(load_codes(b + i)), sb, offset_b);
    const __m512 v = _mm512_mul_ps(_mm512_add_ps(real_a, real_b), inverse_scale);
    store_codes(_mm512_add_epi32(_mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(v, high), low)), zy), y + i);
  }
  add_by_float(a + i, b + i, n - i, c, y + i);
}

}  // namespace

const QAddKernels kQAddAvx512Vnni = {by_shift, by_float};

}  // namespace octet::ops::cpu
