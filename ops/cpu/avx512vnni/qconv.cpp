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
  constexpr bool in_reals = epilogue == int8::Epilogue::real, adds_float_bias = epilogue != int8::Epilogue::int32_bias;
  const __m512 low = _mm512_set1_ps(static_cast<float>(in_reals ? w.qmin : w.qmin - w.zero_point));
  const __m512 bias_factor = _mm512_set1_ps(w.bias_factor);
  const __m512 input = _mm512_set1_ps(w.scales.input), inverse_output = _mm512_set1_ps(w.scales.inverse_output);
  const __m512i zero_point = _mm512_set1_epi32(w.zero_point);
#pragma GCC unroll 4
  for (int n = 0; n < Panels; ++n) {
    const int64_t k = strip * kStrip + n * kPanel, left = w.outputs - k;
    const auto mask = static_cast<__mmask16>(left >= kPanel ? 0xffff : (1 << left) - 1);
    const __m512i bias = _mm512_loadu_si512(w.bias_i32 + k);
    const __m512 bias_f32 = adds_float_bias ? _mm512_loadu_ps(w.bias_f32 + k) : _mm512_setzero_ps(),
                 multiplier = _mm512_loadu_ps(w.multiplier + k);
#pragma GCC unroll 6
    for (int m = 0; m < Pixels; ++m) {
      __m512 v = _mm512_cvtepi32_ps(_mm512_add_epi32(sum[m][n], bias));
      if constexpr (in_reals) {
        v = _mm512_add_ps(_mm512_mul_ps(_mm512_mul_ps(v, input), multiplier), bias_f32);
        v = _mm512_add_ps(_mm512_mul_ps(v, inverse_output), _mm512_cvtepi32_ps(zero_point));
      } else {
        if constexpr (adds_float_bias) v = _mm512_fmadd_ps(bias_f32, bias_factor, v);
        v = _mm512_mul_ps(v, multiplier);
      }
      // No upper bound: a value too large for an int32 becomes 0x80000000, and what is above 255, as an unsigned number, 255.
      const __m512i rounded = _mm512_cvtps_epi32(_mm512_max_ps(low, v));
      const __m512i q = in_reals ? rounded : _mm512_add_epi32(rounded, zero_point);
      _mm512_mask_cvtusepi32_storeu_epi8(tile.y + m * w.y_pixel + k, mask, q);
    }
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
