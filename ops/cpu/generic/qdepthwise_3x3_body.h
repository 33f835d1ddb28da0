// The depthwise convolution of ops/cpu/qdepthwise.h for windows of 3x3 and stride 1, four rows of codes to a group, in 32 registers of 32
// bytes. Static, as everything that is compiled twice. Isa: ops/cpu/avxvnni/ymm.h.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "ops/cpu/generic/requantize_ymm_body.h"
#include "ops/cpu/qdepthwise.h"

namespace octet::ops::cpu {
namespace {

constexpr int kLanes = 8, kRegister = 32;
template <class Isa>
constexpr int kGroup = DepthwiseKernel::kElement / sizeof(typename Isa::Value);
template <class Isa>
constexpr int kBlock = kGroup<Isa>* kLanes;

[[gnu::always_inline]] inline __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
[[gnu::always_inline]] inline void store(void* to, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(to), value); }

/// The first `count` bytes of up to a register.
[[gnu::always_inline]] inline void store_first(uint8_t* y, __m256i codes, int64_t count) {
  if (count >= kRegister) return store(y, codes);
  __m128i half = _mm256_castsi256_si128(codes);
  if (count >= 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), half);
    half = _mm256_extracti128_si256(codes, 1);
    y += 16;
    count -= 16;
  }
  if (count > 0) std::memcpy(y, &half, static_cast<size_t>(count));
}

/// Registers hold the weights of half a block, all columns and both output rows: 12, and 16 sums of four pixels, which share columns.
/// A half's sums become codes of 16 bits, which wait in memory for the other half's.
template <class Isa, int8::Epilogue epilogue>
class Multiply3x3 {
 public:
  static constexpr int kS = 3, kRows = 2, kVectors = 2, kColumn = 4 * kRegister, kChunk = 32;

  static bool applies(const DepthwiseView& w, const DepthwiseTile& tile) {
    return w.width == kS && w.row_groups == 1 && tile.rows == kRows && tile.step == kColumn;
  }

  static void run(const DepthwiseView& w, const DepthwiseTile& tile, int64_t block) {
    const Requantize8<epilogue> requantize(w);
    const char* weights = static_cast<const char*>(w.weights) + block * kS * kRows * kColumn;
    const int64_t first = block * kBlock<Isa>, channels = w.channels - first;
    __m256i words[2][kRows][kChunk];
    for (int64_t pixel = 0; pixel < tile.pixels; pixel += kChunk) {
      const int64_t pixels = tile.pixels - pixel < kChunk ? tile.pixels - pixel : kChunk;
      const char* columns = static_cast<const char*>(tile.columns) + pixel * kColumn;
      for (int half = 0; half < 2; ++half)
        run_half(requantize, columns + half * kVectors * kRegister, weights + half * kVectors * kRegister,
                 first + half * kVectors * kLanes, pixels, words[half]);
      for (int row = 0; row < kRows; ++row) {
        uint8_t* y = tile.y + row * tile.y_row + pixel * w.channels + first;
        for (int64_t m = 0; m < pixels; ++m, y += w.channels)
          store_first(y, requantize.codes(words[0][row][m], words[1][row][m]), channels);
      }
    }
  }

 private:
  using Weights = __m256i[kS][kRows][kVectors];

  static void run_half(const Requantize8<epilogue>& requantize, const char* columns, const char* from, int64_t place,
                       int64_t pixels, __m256i (*words)[kChunk]) {
    Weights weights;
#pragma GCC unroll 3
    for (int s = 0; s < kS; ++s)
#pragma GCC unroll 2
      for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) weights[s][row][v] = load(from + (s * kRows + row) * kColumn + v * kRegister);
    int64_t m = 0;
    for (; m + 4 <= pixels; m += 4) run_pixels<4>(requantize, columns + m * kColumn, weights, place, m, words);
    for (; m < pixels; ++m) run_pixels<1>(requantize, columns + m * kColumn, weights, place, m, words);
  }

  template <int Pixels>
  [[gnu::always_inline]] static void run_pixels(const Requantize8<epilogue>& requantize, const char* columns,
                                                const Weights& weights, int64_t place, int64_t pixel, __m256i (*words)[kChunk]) {
    __m256i sum[kRows][Pixels][kVectors];
#pragma GCC unroll 2
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 4
      for (int m = 0; m < Pixels; ++m)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[row][m][v] = _mm256_setzero_si256();
#pragma GCC unroll 6
    for (int column = 0; column < Pixels + kS - 1; ++column)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        const __m256i x = load(columns + column * kColumn + v * kRegister);
#pragma GCC unroll 3
        for (int s = 0; s < kS; ++s)
#pragma GCC unroll 2
          for (int row = 0; row < kRows; ++row)
            if (column >= s && column - s < Pixels)
              sum[row][column - s][v] = Isa::dot_values(sum[row][column - s][v], x, weights[s][row][v]);
      }
#pragma GCC unroll 2
    for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 4
      for (int m = 0; m < Pixels; ++m)
        words[row][pixel + m] = requantize.words(requantize(sum[row][m][0], place), requantize(sum[row][m][1], place + kLanes));
  }
};

}  // namespace
}  // namespace octet::ops::cpu
