// In the steps of ops/cpu/qadd.h: 64 codes at a time by shift, sixteen by float.
#include <immintrin.h>

#include "ops/cpu/avx512/kernels.h"
#include "ops/cpu/generic/qadd_body.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kLanes = 16;

[[gnu::always_inline]] inline __m512i load_codes(const uint8_t* codes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

/// sum_by_shift of 16 codes, except the last bit, the zero point and the bounds. It fits int16, or saturates to a value that the
/// bounds then clamp.
struct ByShift {
  explicit ByShift(const QAddShift& c)
      : ma(_mm512_set1_epi32(c.ma)),
        mb(_mm512_set1_epi32(c.mb)),
        zeros(_mm512_set1_epi32(-c.za * c.ma - c.zb * c.mb)),
        shift(_mm_cvtsi32_si128(c.shift - 1)) {}

  [[gnu::always_inline]] __m512i operator()(const uint8_t* a, const uint8_t* b) const {
    const __m512i products = _mm512_add_epi32(_mm512_mullo_epi32(load_codes(a), ma), _mm512_mullo_epi32(load_codes(b), mb));
    const __m512i acc = _mm512_add_epi32(products, zeros);
    return _mm512_sra_epi32(_mm512_add_epi32(acc, _mm512_srai_epi32(acc, 31)), shift);
  }

  __m512i ma, mb, zeros;
  __m128i shift;
};

void by_shift(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const QAddShift& constants, uint8_t* y) {
  const QAddShift c = constants;
  const QAddRuns r = runs;
  const ByShift sum(c);
  const __m512i one = _mm512_set1_epi16(1), zy = _mm512_set1_epi16(static_cast<int16_t>(c.zy)),
                qmin = _mm512_set1_epi8(static_cast<char>(c.qmin));
  // The packs work on quarters of 128 bits: four codes of each of the four sums, put in order at the end.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (int64_t row = 0; row < r.rows; ++row, a += r.stride, b += r.stride, y += r.stride) {
    int64_t i = 0;
    for (; i + 4 * kLanes <= r.n; i += 4 * kLanes) {
      const __m512i low = _mm512_packs_epi32(sum(a + i, b + i), sum(a + i + kLanes, b + i + kLanes)),
                    high = _mm512_packs_epi32(sum(a + i + 2 * kLanes, b + i + 2 * kLanes),
                                              sum(a + i + 3 * kLanes, b + i + 3 * kLanes));
      const auto rounded = [&](__m512i v) { return _mm512_add_epi16(_mm512_srai_epi16(_mm512_adds_epi16(v, one), 1), zy); };
      const __m512i codes = _mm512_max_epu8(_mm512_packus_epi16(rounded(low), rounded(high)), qmin);
      _mm512_storeu_si512(y + i, _mm512_permutexvar_epi32(order, codes));
    }
    add_run(a + i, b + i, r.n - i, c, y + i);
  }
}

void by_float(const uint8_t* a, const uint8_t* b, const QAddRuns& runs, const QAddFloat& constants, uint8_t* y) {
  const QAddFloat c = constants;
  const QAddRuns r = runs;
  const __m512 sa = _mm512_set1_ps(c.sa), sb = _mm512_set1_ps(c.sb), offset_a = _mm512_set1_ps(c.offset_a),
               offset_b = _mm512_set1_ps(c.offset_b), inverse_scale = _mm512_set1_ps(c.inverse_scale),
               low = _mm512_set1_ps(static_cast<float>(c.qmin - c.zy)), high = _mm512_set1_ps(static_cast<float>(255 - c.zy));
  const __m512i zy = _mm512_set1_epi32(c.zy);
  for (int64_t row = 0; row < r.rows; ++row, a += r.stride, b += r.stride, y += r.stride) {
    int64_t i = 0;
    for (; i + kLanes <= r.n; i += kLanes) {
      const __m512 real_a = _mm512_fmadd_ps(_mm512_cvtepi32_ps(load_codes(a + i)), sa, offset_a),
                   real_b = _mm512_fmadd_ps(_mm512_cvtepi32_ps(load_codes(b + i)), sb, offset_b);
      const __m512 v = _mm512_mul_ps(_mm512_add_ps(real_a, real_b), inverse_scale);
      const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(v, high), low)), zy);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), _mm512_cvtepi32_epi8(q));
    }
    add_run(a + i, b + i, r.n - i, c, y + i);
  }
}

}  // namespace

const QAddKernels avx512::qadd = {by_shift, by_float};

}  // namespace octet::ops::cpu
