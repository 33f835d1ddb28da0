// The convolution of ops/cpu/qconv.h in registers of 32 bytes, which each kernel file compiles for its instruction set. Static,
// as everything that is compiled twice.
//
// Six pixels x 16 outputs in 12 of the 16 registers: per four bytes of the windows two loads of weights, and a broadcast and two
// dots per pixel. Requantization follows in the registers.
// Isa: ops/cpu/avx2/ymm.h.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "ops/cpu/generic/requantize_ymm_body.h"
#include "ops/cpu/qconv.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kPanel = 8;  // outputs in one register
constexpr int64_t kStrip = 16;
constexpr int64_t kGroupBytes = 4;  // of an image and of one output's weights, multiplied and added by one instruction

template <class Isa, int Pixels, int8::Epilogue epilogue>
void conv_tile(const ConvView& w, const ConvTile& tile, int64_t strip) {
  __m256i sum[Pixels][2];
#pragma GCC unroll 6
  for (int m = 0; m < Pixels; ++m) sum[m][0] = sum[m][1] = _mm256_setzero_si256();
  constexpr int64_t kSize = sizeof(typename Isa::Value);
  const char* weights = static_cast<const char*>(w.strips) + strip * w.rows * w.run * kSize * kStrip;
  for (int64_t r = 0; r < w.rows; ++r) {
    const char* x[Pixels];
#pragma GCC unroll 6
    for (int m = 0; m < Pixels; ++m) x[m] = static_cast<const char*>(tile.windows[m]) + r * tile.row_stride * kSize;
    for (int64_t i = 0; i < w.run * kSize; i += kGroupBytes, weights += kStrip * kGroupBytes) {
      const __m256i b0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
      const __m256i b1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights + kPanel * kGroupBytes));
#pragma GCC unroll 6
      for (int m = 0; m < Pixels; ++m) {
        int32_t group;
        std::memcpy(&group, x[m] + i, sizeof group);
        const __m256i a = _mm256_set1_epi32(group);
        sum[m][0] = Isa::dot_values(sum[m][0], a, b0);
        sum[m][1] = Isa::dot_values(sum[m][1], a, b1);
        asm volatile("" : "+x"(sum[m][0]), "+x"(sum[m][1]));  // one row after the other: g++ 12 would begin all, and spill sums
      }
    }
  }
  const int64_t k = strip * kStrip, left = w.outputs - k;
  const Requantize8<epilogue> requantize(w);
  uint8_t* y = tile.y + k;
  const int64_t y_pixel = w.y_pixel;
#pragma GCC unroll 6
  for (int m = 0; m < Pixels; ++m, y += y_pixel) {
    // The packs work on halves of 128 bits: codes of 0-3, 8-11, 4-7, 12-15, put in order at the end.
    const __m256i words = requantize.words(requantize(sum[m][0], k), requantize(sum[m][1], k + kPanel));
    const __m256i bytes = requantize.codes(words, words);
    const __m128i codes = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 0, 0, 0, 0)));
    if (left >= kStrip)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y), codes);
    else
      std::memcpy(y, &codes, static_cast<size_t>(left));
  }
}

using Kernel = void (*)(const ConvView&, const ConvTile&, int64_t);
template <class Isa, int8::Epilogue epilogue>
constexpr Kernel kKernels[] = {conv_tile<Isa, 1, epilogue>, conv_tile<Isa, 2, epilogue>, conv_tile<Isa, 3, epilogue>,
                               conv_tile<Isa, 4, epilogue>, conv_tile<Isa, 5, epilogue>, conv_tile<Isa, 6, epilogue>};

template <class Isa>
const Kernel* kernels_of(int8::Epilogue epilogue) {
  switch (epilogue) {
    case int8::Epilogue::int32_bias:
      return kKernels<Isa, int8::Epilogue::int32_bias>;
    case int8::Epilogue::float_bias:
      return kKernels<Isa, int8::Epilogue::float_bias>;
    case int8::Epilogue::real:
      return kKernels<Isa, int8::Epilogue::real>;
  }
  return nullptr;
}

template <class Isa>
void conv_strip(const ConvView& w, const ConvTile& tile, int64_t strip) {
  kernels_of<Isa>(w.epilogue)[tile.pixels - 1](w, tile, strip);
}

}  // namespace
}  // namespace octet::ops::cpu
