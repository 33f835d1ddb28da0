// Pixels x Panels registers of sums (6 x 4 = 24 of 32): per four bytes of the windows one load of weights per panel, one
// broadcast per pixel, and a vpdpbusd for each pair. Requantization follows in the registers.
#include <immintrin.h>

#include <cstring>

#include "ops/cpu/avx512vnni/kernels.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kPanel = 16;  // outputs in one register
constexpr int64_t kStrip = 64;
constexpr int64_t kGroup = 4;

/// Sixteen outputs as generic/requantize_ymm_body.h has eight.
template <int8::Epilogue epilogue>
struct Requantize16 {
  static constexpr bool kInReals = epilogue == int8::Epilogue::real;

  explicit Requantize16(const ConvView& w)
      : v(w),
        bias_factor(_mm512_set1_ps(w.bias_factor)),
        input(_mm512_set1_ps(w.scales.input)),
        inverse_output(_mm512_set1_ps(w.scales.inverse_output)),
        real_zero_point(_mm512_set1_ps(static_cast<float>(w.zero_point))),
        zero_point(_mm512_set1_epi16(static_cast<int16_t>(kInReals ? 0 : w.zero_point))),
        qmin(_mm512_set1_epi8(static_cast<char>(w.qmin))) {}

  /// The sums of outputs k to k + 15, rounded; without the zero point, unless in reals.
  [[gnu::always_inline]] __m512i operator()(__m512i sum, int64_t k) const {
    const __m512 total = _mm512_cvtepi32_ps(_mm512_add_epi32(sum, _mm512_loadu_si512(v.bias_i32 + k)));
    const __m512 multiplier = _mm512_loadu_ps(v.multiplier + k);
    if constexpr (kInReals) {
      const __m512 real = _mm512_add_ps(_mm512_mul_ps(_mm512_mul_ps(total, input), multiplier), _mm512_loadu_ps(v.bias_f32 + k));
      return _mm512_cvtps_epi32(_mm512_add_ps(_mm512_mul_ps(real, inverse_output), real_zero_point));
    }
    if constexpr (epilogue == int8::Epilogue::float_bias)
      return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_fmadd_ps(_mm512_loadu_ps(v.bias_f32 + k), bias_factor, total), multiplier));
    return _mm512_cvtps_epi32(_mm512_mul_ps(total, multiplier));
  }

  /// The packs work on quarters of 128 bits: four codes of each of the four registers, put in order at the end.
  [[gnu::always_inline]] __m512i codes(const __m512i* rounded) const {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(rounded[0], rounded[1]), zero_point),
                  high = _mm512_adds_epi16(_mm512_packs_epi32(rounded[2], rounded[3]), zero_point);
    return _mm512_permutexvar_epi32(order, _mm512_max_epu8(_mm512_packus_epi16(low, high), qmin));
  }
  [[gnu::always_inline]] __m128i codes_of_one(__m512i rounded) const {
    const __m256i words = _mm256_adds_epi16(_mm512_cvtsepi32_epi16(rounded), _mm512_castsi512_si256(zero_point));
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    return _mm_max_epu8(bytes, _mm512_castsi512_si128(qmin));
  }

  const ConvView& v;
  __m512 bias_factor, input, inverse_output, real_zero_point;
  __m512i zero_point, qmin;
};

template <int Pixels, int Panels, int8::Epilogue epilogue>
void conv_tile(const ConvView& w, const ConvTile& tile, int64_t strip) {
  __m512i sum[Pixels][Panels];
#pragma GCC unroll 6
  for (int m = 0; m < Pixels; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < Panels; ++n) sum[m][n] = _mm512_setzero_si512();
  const int8_t* weights = static_cast<const int8_t*>(w.strips) + strip * w.rows * w.run * kStrip;
  const int8_t* ahead = tile.ahead ? static_cast<const int8_t*>(tile.ahead) : weights;
  for (int64_t r = 0; r < w.rows; ++r) {
    const uint8_t* x[Pixels];
    for (int m = 0; m < Pixels; ++m) x[m] = static_cast<const uint8_t*>(tile.windows[m]) + r * tile.row_stride;
    for (int64_t i = 0; i < w.run; i += kGroup, weights += kStrip * kGroup) {
      __m512i b[Panels];
      _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
      ahead += kStrip;
#pragma GCC unroll 4
      for (int n = 0; n < Panels; ++n)
        _mm_prefetch(reinterpret_cast<const char*>(weights + (8 * Panels + n) * kPanel * kGroup), _MM_HINT_T0);
#pragma GCC unroll 4
      for (int n = 0; n < Panels; ++n) b[n] = _mm512_load_si512(weights + n * kPanel * kGroup);
#pragma GCC unroll 6
      for (int m = 0; m < Pixels; ++m) {
        int32_t four;
        std::memcpy(&four, x[m] + i, sizeof four);
        const __m512i a = _mm512_set1_epi32(four);
#pragma GCC unroll 4
        for (int n = 0; n < Panels; ++n) sum[m][n] = _mm512_dpbusd_epi32(sum[m][n], a, b[n]);
      }
    }
  }
  const int64_t k = strip * kStrip, left = w.outputs - k;
  const auto mask = left >= kStrip ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
  const Requantize16<epilogue> requantize(w);
#pragma GCC unroll 6
  for (int m = 0; m < Pixels; ++m) {
    __m512i rounded[4];  // up to Panels
#pragma GCC unroll 4
    for (int n = 0; n < 4; ++n)
      rounded[n] = n < Panels ? requantize(sum[m][n < Panels ? n : 0], k + n * kPanel) : _mm512_setzero_si512();
    uint8_t* y = tile.y + m * w.y_pixel + k;
    if constexpr (Panels == 1)
      _mm_mask_storeu_epi8(y, static_cast<__mmask16>(mask), requantize.codes_of_one(rounded[0]));
    else
      _mm512_mask_storeu_epi8(y, mask, requantize.codes(rounded));
  }
}

using Kernel = void (*)(const ConvView&, const ConvTile&, int64_t);
template <int Pixels, int8::Epilogue epilogue>
constexpr Kernel kOfPixels[] = {conv_tile<Pixels, 1, epilogue>, conv_tile<Pixels, 2, epilogue>, conv_tile<Pixels, 3, epilogue>,
                                conv_tile<Pixels, 4, epilogue>};
template <int8::Epilogue epilogue>
constexpr const Kernel* kKernels[] = {kOfPixels<1, epilogue>, kOfPixels<2, epilogue>, kOfPixels<3, epilogue>,
                                      kOfPixels<4, epilogue>, kOfPixels<5, epilogue>, kOfPixels<6, epilogue>};

const Kernel* const* kernels_of(int8::Epilogue epilogue) {
  switch (epilogue) {
    case int8::Epilogue::int32_bias:
      return kKernels<int8::Epilogue::int32_bias>;
    case int8::Epilogue::float_bias:
      return kKernels<int8::Epilogue::float_bias>;
    case int8::Epilogue::real:
      return kKernels<int8::Epilogue::real>;
  }
  return nullptr;
}

void conv_strip(const ConvView& w, const ConvTile& tile, int64_t strip) {
  const int64_t outputs = w.outputs - strip * kStrip;  // of this strip and those behind it
  const int64_t panels = outputs >= kStrip ? kStrip / kPanel : (outputs + kPanel - 1) / kPanel;
  kernels_of(w.epilogue)[tile.pixels - 1][panels - 1](w, tile, strip);
}

}  // namespace

const ConvKernel avx512vnni::qconv = {DType::u8, kStrip, kGroup, conv_strip};

}  // namespace octet::ops::cpu
