// The transforms of ops/cpu/winograd_int16.h as plain loops over lanes, which each kernel file compiles for its instruction set.
// Everything is static: a function compiled for a newer CPU must never be the one that the linker picks for an older.
#pragma once

#include <cstring>

#include "ops/cpu/generic/winograd_window.h"
#include "ops/cpu/winograd_int16.h"
#include "ops/engines/round.h"

namespace octet::ops::cpu {
namespace {

/// Vectors of the compiler. Lanes16: channels that are transformed together on the way in; Lanes32, Signed32, Floats: on the way
/// out, as many of each.
template <int bytes16, int bytes32>
struct Vectors {
  typedef int16_t Lanes16 __attribute__((vector_size(bytes16)));
  typedef uint32_t Lanes32 __attribute__((vector_size(bytes32)));
  typedef int32_t Signed32 __attribute__((vector_size(bytes32)));
  typedef float Floats __attribute__((vector_size(bytes32)));
};

/// What the transforms are made of, where an instruction set knows no better.
struct PlainIsa : Vectors<32, 32> {
  typedef uint8_t Codes16 __attribute__((vector_size(16)));
  typedef uint8_t Codes32 __attribute__((vector_size(8)));

  [[gnu::always_inline]] static void widen(const uint8_t* codes, Lanes16& out) {
    Codes16 c;
    std::memcpy(&c, codes, sizeof c);
    out = __builtin_convertvector(c, Lanes16);
  }
  /// v = fma(bias, factor, v)
  [[gnu::always_inline]] static void add_bias(const Floats& bias, float factor, Floats& v) {
    if (factor == 1.0f)
      v += bias;
    else
      for (size_t i = 0; i < sizeof v / sizeof v[0]; ++i) v[i] = __builtin_fmaf(bias[i], factor, v[i]);
  }
  /// clamp(rne(v) + zero_point, low + zero_point, 255), of which `channels` are stored.
  [[gnu::always_inline]] static void store_codes(const Floats& real, float low, int32_t zero_point, uint8_t* y, int channels) {
    const Floats lowest = Floats{} + low, highest = Floats{} + static_cast<float>(255 - zero_point);
    Floats v = real < highest ? real : highest;
    v = v > lowest ? v : lowest;
    const Floats rounded = (v + int8::kRoundMagic) - int8::kRoundMagic;  // half to even
    const Codes32 codes = __builtin_convertvector(__builtin_convertvector(rounded, Signed32) + zero_point, Codes32);
    std::memcpy(y, &codes, static_cast<size_t>(channels));
  }
};

/// B^T d.
template <class Lanes16>
[[gnu::always_inline]] inline void transform_six(const Lanes16 (&d)[6], Lanes16 (&out)[6]) {
  const Lanes16 even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1], near = d[4] - d[2], far = 2 * (d[3] - d[1]);
  out[0] = 4 * (d[0] - d[2]) + near;
  out[1] = even + odd;
  out[2] = even - odd;
  out[3] = near + far;
  out[4] = near - far;
  out[5] = d[5] - d[3] - 4 * (d[3] - d[1]);
}

/// A vector's channels of one window, from channel c on. No part of its caller: the 72 addresses would be kept in memory from one
/// call to the next.
template <class Isa, class Window>
[[gnu::noinline]] static void transform_lanes(const Window& window, int64_t c, int16_t zero_point, int16_t* v,
                                              int64_t place_stride) {
  using Lanes16 = typename Isa::Lanes16;
  Lanes16 half[6][6];  // [place row][window column]
#pragma GCC unroll 6
  for (int w = 0; w < 6; ++w) {
    Lanes16 d[6], out[6];
#pragma GCC unroll 6
    for (int h = 0; h < 6; ++h) Isa::widen(window.pixel(h, w) + c, d[h]);
    transform_six(d, out);
#pragma GCC unroll 6
    for (int h = 0; h < 6; ++h) half[h][w] = out[h];
  }
#pragma GCC unroll 6
  for (int h = 0; h < 6; ++h) {
    Lanes16 out[6];
    transform_six(half[h], out);
    if (h == 1) out[1] -= static_cast<int16_t>(36 * zero_point);
#pragma GCC unroll 6
    for (int w = 0; w < 6; ++w, v += place_stride) std::memcpy(v, &out[w], sizeof out[w]);
  }
}

template <class Isa, class Window>
[[gnu::always_inline]] inline void transform_window(const Window& window, int64_t C, uint8_t zero_point, int16_t* v,
                                                    int64_t place_stride) {
  constexpr int64_t kLanes = sizeof(typename Isa::Lanes16) / sizeof(int16_t);
  int64_t c = 0;
  for (; c + kLanes <= C; c += kLanes) transform_lanes<Isa>(window, c, zero_point, v + c, place_stride);
  if (c == C) return;
  // The last channels, by way of a window and places of whole vectors.
  uint8_t copy[kWinogradPlaces * kLanes] = {};
  int16_t places[kWinogradPlaces * kLanes];
  const auto rest = static_cast<size_t>(C - c);
  for (int64_t h = 0; h < 6; ++h)
    for (int64_t w = 0; w < 6; ++w) std::memcpy(copy + (h * 6 + w) * kLanes, window.pixel(h, w) + c, rest);
  transform_lanes<Isa>(WindowInImage<uint8_t>{copy, 6 * kLanes, kLanes}, 0, zero_point, places, kLanes);
  for (int64_t i = 0; i < kWinogradPlaces; ++i)
    std::memcpy(v + c + i * place_stride, places + i * kLanes, rest * sizeof(int16_t));
}

template <class Isa>
static void transform_input(const uint8_t* image, int64_t row_stride, int64_t C, uint8_t zero_point, int16_t* v,
                            int64_t place_stride) {
  transform_window<Isa>(WindowInImage<uint8_t>{image, row_stride, C}, C, zero_point, v, place_stride);
}
template <class Isa>
static void transform_border(const uint8_t* const* pixels, int64_t C, uint8_t zero_point, int16_t* v, int64_t place_stride) {
  transform_window<Isa>(WindowByPixels<uint8_t, 6>{pixels}, C, zero_point, v, place_stride);
}

/// A^T m, modulo 2^32.
template <class Lanes32>
[[gnu::always_inline]] inline void transform_four(const Lanes32 (&m)[6], Lanes32 (&out)[4]) {
  const Lanes32 sum = m[1] + m[2], difference = m[1] - m[2], sum2 = m[3] + m[4], difference2 = 2 * (m[3] - m[4]);
  out[0] = m[0] + sum + sum2;
  out[1] = difference + difference2;
  out[2] = sum + 4 * sum2;
  out[3] = difference + 4 * difference2 + 2 * m[5];
}

template <class Isa, int8::Epilogue epilogue>
[[gnu::always_inline]] inline void output_tile(const int32_t* m, int64_t place_stride, const WinogradCodes& codes, int64_t k0,
                                               int channels, int rows, int columns, int64_t first) {
  using Lanes32 = typename Isa::Lanes32;
  using Signed32 = typename Isa::Signed32;
  using Floats = typename Isa::Floats;
  constexpr uint32_t kInverseOf9 = 954437177;  // modulo 2^32
  constexpr int64_t kLanes = sizeof(Lanes32) / sizeof(uint32_t);
  const WinogradCodes o = codes;  // a copy, which the bytes that are stored cannot alias
  constexpr bool in_reals = epilogue == int8::Epilogue::real, adds_float_bias = epilogue != int8::Epilogue::int32_bias;
  const int32_t zero_point = in_reals ? 0 : o.zero_point;  // to be added to what is rounded
  const auto low = static_cast<float>(o.qmin - zero_point);
  for (int64_t k = 0; k < kWinogradPanel && k < channels; k += kLanes) {
    Lanes32 half[4][6], sums[4][4], bias;
    std::memcpy(&bias, o.bias_i32 + k0 + k, sizeof bias);
#pragma GCC unroll 6
    for (int w = 0; w < 6; ++w) {
      Lanes32 in[6], out[4];
#pragma GCC unroll 6
      for (int h = 0; h < 6; ++h) std::memcpy(&in[h], m + (h * 6 + w) * place_stride + k, sizeof in[h]);
      if (w == 1) in[1] += 576 * bias;
      transform_four(in, out);
#pragma GCC unroll 4
      for (int h = 0; h < 4; ++h) half[h][w] = out[h];
    }
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) transform_four(half[h], sums[h]);

    Floats bias_f32 = {}, multiplier;
    if constexpr (adds_float_bias) std::memcpy(&bias_f32, o.bias_f32 + k0 + k, sizeof bias_f32);
    std::memcpy(&multiplier, o.multiplier + k0 + k, sizeof multiplier);
    const int count = channels - k < kLanes ? static_cast<int>(channels - k) : static_cast<int>(kLanes);
    for (int h = 0; h < rows; ++h)
      for (int w = 0; w < columns; ++w) {
        Floats v = __builtin_convertvector(reinterpret_cast<Signed32>(sums[h][w] * kInverseOf9) >> 6, Floats);
        if constexpr (in_reals)
          v = (v * o.scales.input * multiplier + bias_f32) * o.scales.inverse_output + static_cast<float>(o.zero_point);
        else if constexpr (adds_float_bias)
          Isa::add_bias(bias_f32, o.bias_factor, v);
        if constexpr (!in_reals) v = v * multiplier;
        Isa::store_codes(v, low, zero_point, o.y + first + k + h * o.row_stride + w * o.outputs, count);
      }
  }
}

template <class Isa>
static void transform_output(const int32_t* m, int64_t place_stride, const WinogradCodes& o, int64_t k0, int channels, int rows,
                             int columns, int64_t first) {
  switch (o.epilogue) {
    case int8::Epilogue::int32_bias:
      return output_tile<Isa, int8::Epilogue::int32_bias>(m, place_stride, o, k0, channels, rows, columns, first);
    case int8::Epilogue::float_bias:
      return output_tile<Isa, int8::Epilogue::float_bias>(m, place_stride, o, k0, channels, rows, columns, first);
    case int8::Epilogue::real:
      return output_tile<Isa, int8::Epilogue::real>(m, place_stride, o, k0, channels, rows, columns, first);
  }
}

}  // namespace
}  // namespace octet::ops::cpu
