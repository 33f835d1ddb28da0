// The depthwise convolution of ops/cpu/qdepthwise.h in registers of 32 bytes, which each kernel file compiles for its instruction set.
// Static, as everything that is compiled twice.
//
// A block is as many registers as a group has rows: interleaving fills them all, and packing codes empties them in the same order.
// Isa: ops/cpu/avx2/ymm.h. Sums: registers that sums of products may take.
#pragma once

#include <immintrin.h>

#include "ops/cpu/generic/qdepthwise_3x3_body.h"

namespace octet::ops::cpu {
namespace {

/// A block of one column: `at` are its codes in each row of the group.
template <class Isa>
[[gnu::always_inline]] inline void interleave_column(const uint8_t* const* at, char* to) {
  if constexpr (kGroup<Isa> == 4) {
    const __m256i a = load(at[0]), b = load(at[1]), c = load(at[2]), d = load(at[3]);
    const __m256i ab[] = {_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)};
    const __m256i cd[] = {_mm256_unpacklo_epi8(c, d), _mm256_unpackhi_epi8(c, d)};
    for (int half = 0; half < 2; ++half) {
      store(to + 2 * half * kRegister, _mm256_unpacklo_epi16(ab[half], cd[half]));
      store(to + (2 * half + 1) * kRegister, _mm256_unpackhi_epi16(ab[half], cd[half]));
    }
  } else {
    const __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at[0])));
    const __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at[1])));
    store(to, _mm256_unpacklo_epi16(a, b));
    store(to + kRegister, _mm256_unpackhi_epi16(a, b));
  }
}

template <class Isa>
void interleave(const DepthwiseRows& rows, void* columns) {
  constexpr int kRows = kGroup<Isa>;
  char* to = static_cast<char*>(columns);
  const uint8_t* at[kRows];
  for (int r = 0; r < kRows; ++r) at[r] = rows.at[r];
  int64_t column = 0;
  const auto next = [&] {
    for (int r = 0; r < kRows; ++r) at[r] += rows.step[r];
    to += kGroup<Isa> * kRegister;
  };
  for (; column < rows.whole; ++column, next()) interleave_column<Isa>(at, to);
  uint8_t copies[kRows][kBlock<Isa>] = {};
  const uint8_t* copy_at[kRows];
  for (int r = 0; r < kRows; ++r) copy_at[r] = copies[r];
  for (; column < rows.columns; ++column, next()) {
    for (int r = 0; r < kRows; ++r) std::memcpy(copies[r], at[r], static_cast<size_t>(rows.channels));
    interleave_column<Isa>(copy_at, to);
  }
}

template <class Isa, int8::Epilogue epilogue>
[[gnu::always_inline]] inline void store_codes(const Requantize8<epilogue>& requantize, const __m256i* sum, int64_t place,
                                               uint8_t* y, int64_t channels) {
  const __m256i low = requantize.words(requantize(sum[0], place), requantize(sum[1], place + kLanes));
  if constexpr (kGroup<Isa> == 4) {
    const __m256i high = requantize.words(requantize(sum[2], place + 2 * kLanes), requantize(sum[3], place + 3 * kLanes));
    store_first(y, requantize.codes(low, high), channels);
  } else {
    const __m256i codes = _mm256_permute4x64_epi64(requantize.codes(low, low), 0b1000);
    store_first(y, codes, channels < kBlock<Isa> ? channels : kBlock<Isa>);
  }
}

/// `Pixels` neighbours in each of `Rows` output rows.
template <class Isa, int Rows, int Pixels, int8::Epilogue epilogue>
[[gnu::always_inline]] inline void multiply_pixels(const DepthwiseView& w, const DepthwiseTile& tile,
                                                   const Requantize8<epilogue>& requantize, int64_t block, int64_t pixel) {
  constexpr int kVectors = kGroup<Isa>, kColumn = kVectors * kRegister;
  __m256i sum[Rows][Pixels][kVectors];
#pragma GCC unroll 2
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 8
    for (int m = 0; m < Pixels; ++m)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[row][m][v] = _mm256_setzero_si256();
  const char* weights = static_cast<const char*>(w.weights) + block * w.row_groups * w.width * w.rows * kColumn;
  for (int64_t g = 0; g < w.row_groups; ++g) {
    const char* column = static_cast<const char*>(tile.columns) + g * tile.row_group + pixel * tile.step;
    for (int64_t s = 0; s < w.width; ++s, column += kColumn, weights += w.rows * kColumn)
#pragma GCC unroll 8
      for (int m = 0; m < Pixels; ++m)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const __m256i x = load(column + m * tile.step + v * kRegister);
#pragma GCC unroll 2
          for (int row = 0; row < Rows; ++row)
            sum[row][m][v] = Isa::dot_values(sum[row][m][v], x, load(weights + row * kColumn + v * kRegister));
        }
  }
  const int64_t first = block * kBlock<Isa>, channels = w.channels - first;
#pragma GCC unroll 2
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 8
    for (int m = 0; m < Pixels; ++m)
      store_codes<Isa>(requantize, sum[row][m], first, tile.y + row * tile.y_row + (pixel + m) * w.channels + first, channels);
}

template <class Isa, int Sums, int Rows, int8::Epilogue epilogue>
void multiply_rows(const DepthwiseView& w, const DepthwiseTile& tile, int64_t block) {
  constexpr int kPixels = Sums / (Rows * kGroup<Isa>);
  const Requantize8<epilogue> requantize(w);
  int64_t pixel = 0;
  for (; pixel + kPixels <= tile.pixels; pixel += kPixels) multiply_pixels<Isa, Rows, kPixels>(w, tile, requantize, block, pixel);
  for (; pixel < tile.pixels; ++pixel) multiply_pixels<Isa, Rows, 1>(w, tile, requantize, block, pixel);
}

template <class Isa, int Sums, int8::Epilogue epilogue>
void multiply_by(const DepthwiseView& w, const DepthwiseTile& tile, int64_t block) {
  if constexpr (Sums == 16 && kGroup<Isa> == 4)
    if (Multiply3x3<Isa, epilogue>::applies(w, tile)) return Multiply3x3<Isa, epilogue>::run(w, tile, block);
  (tile.rows == 2 ? multiply_rows<Isa, Sums, 2, epilogue> : multiply_rows<Isa, Sums, 1, epilogue>)(w, tile, block);
}

template <class Isa, int Sums>
void multiply(const DepthwiseView& w, const DepthwiseTile& tile, int64_t block) {
  switch (w.epilogue) {
    case int8::Epilogue::int32_bias:
      return multiply_by<Isa, Sums, int8::Epilogue::int32_bias>(w, tile, block);
    case int8::Epilogue::float_bias:
      return multiply_by<Isa, Sums, int8::Epilogue::float_bias>(w, tile, block);
    case int8::Epilogue::real:
      return multiply_by<Isa, Sums, int8::Epilogue::real>(w, tile, block);
  }
}

template <class Isa, int Sums>
constexpr DepthwiseKernel kDepthwise = {kBlock<Isa>, kGroup<Isa>, kGroup<Isa>, interleave<Isa>, multiply<Isa, Sums>};

}  // namespace
}  // namespace octet::ops::cpu
