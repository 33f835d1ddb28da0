// The transforms of Winograd's F(4x4, 3x3) on one tile (ops/conv/winograd.h explains them).
//
//   V = B^T d B   6x6 -> 6x6    input            Y = A^T m A   6x6 -> 4x4   output
//   U = G g G^T   3x3 -> 6x6    weight           and the transpose of each, which backward needs.
// A, B, G are those of Lavin and Gray, arXiv:1509.09308, section 4.3. Each is applied to columns and then to rows.
#pragma once

#include <cstdint>
#include <cstring>

namespace octet::ops::cpu {

/// Four floats, one of each of four tiles: a portable vector of the compiler.
using Float4 = float __attribute__((vector_size(16)));

inline Float4 load4(const float* p) {
  Float4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store4(float* p, Float4 v) { std::memcpy(p, &v, sizeof v); }

/// Rows become columns: out[i][j] = in[j][i].
inline void transpose4(Float4& a, Float4& b, Float4& c, Float4& d) {
  const Float4 t0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), t1 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Float4 t2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), t3 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(t0, t1, 0, 1, 4, 5);
  b = __builtin_shufflevector(t0, t1, 2, 3, 6, 7);
  c = __builtin_shufflevector(t2, t3, 0, 1, 4, 5);
  d = __builtin_shufflevector(t2, t3, 2, 3, 6, 7);
}

// Each works on values that lie `s` apart: v[0], v[s], v[2s], ...; T is float or Float4.

/// B^T: six inputs -> six.
struct InputTransform {
  static constexpr int kIn = 6, kOut = 6;
  template <class T>
  [[gnu::always_inline]] static void apply(const T* v, int s, T* o) {
    const T v0 = v[0], v1 = v[s], v2 = v[2 * s], v3 = v[3 * s], v4 = v[4 * s], v5 = v[5 * s];
    const T a = v4 - 4.0f * v2, b = v3 - 4.0f * v1, c = v4 - v2, e = 2.0f * (v3 - v1);
    o[0] = 4.0f * v0 - 5.0f * v2 + v4;
    o[s] = a + b;
    o[2 * s] = a - b;
    o[3 * s] = c + e;
    o[4 * s] = c - e;
    o[5 * s] = 4.0f * v1 - 5.0f * v3 + v5;
  }
};

/// B: the transpose of InputTransform.
struct InputAdjoint {
  static constexpr int kIn = 6, kOut = 6;
  template <class T>
  [[gnu::always_inline]] static void apply(const T* v, int s, T* o) {
    const T v0 = v[0], v1 = v[s], v2 = v[2 * s], v3 = v[3 * s], v4 = v[4 * s], v5 = v[5 * s];
    const T a = v1 + v2, b = v1 - v2, c = v3 + v4, e = v3 - v4;
    o[0] = 4.0f * v0;
    o[s] = 4.0f * (v5 - b) - 2.0f * e;
    o[2 * s] = -5.0f * v0 - 4.0f * a - c;
    o[3 * s] = b + 2.0f * e - 5.0f * v5;
    o[4 * s] = v0 + a + c;
    o[5 * s] = v5;
  }
};

/// A^T: six products -> four outputs.
struct OutputTransform {
  static constexpr int kIn = 6, kOut = 4;
  template <class T>
  [[gnu::always_inline]] static void apply(const T* v, int s, T* o) {
    const T a = v[s] + v[2 * s], b = v[s] - v[2 * s], c = v[3 * s] + v[4 * s], e = v[3 * s] - v[4 * s], v0 = v[0], v5 = v[5 * s];
    o[0] = v0 + a + c;
    o[s] = b + 2.0f * e;
    o[2 * s] = a + 4.0f * c;
    o[3 * s] = b + 8.0f * e + v5;
  }
};

/// A: the transpose of OutputTransform.
struct OutputAdjoint {
  static constexpr int kIn = 4, kOut = 6;
  template <class T>
  [[gnu::always_inline]] static void apply(const T* v, int s, T* o) {
    const T v0 = v[0], v1 = v[s], v2 = v[2 * s], v3 = v[3 * s];
    const T a = v0 + v2, b = v1 + v3, c = v0 + 4.0f * v2, e = 2.0f * v1 + 8.0f * v3;
    o[0] = v0;
    o[s] = a + b;
    o[2 * s] = a - b;
    o[3 * s] = c + e;
    o[4 * s] = c - e;
    o[5 * s] = v3;
  }
};

/// G: three weights -> six.
struct WeightTransform {
  static constexpr int kIn = 3, kOut = 6;
  template <class T>
  [[gnu::always_inline]] static void apply(const T* v, int s, T* o) {
    const T v0 = v[0], v1 = v[s], v2 = v[2 * s];
    const T a = (v0 + v2) * (-1.0f / 6), b = v1 * (1.0f / 6), c = v0 * (1.0f / 24) + v2 * (1.0f / 6), e = v1 * (1.0f / 12);
    o[0] = v0 * 0.25f;
    o[s] = a - b;
    o[2 * s] = a + b;
    o[3 * s] = c + e;
    o[4 * s] = c - e;
    o[5 * s] = v2;
  }
};

/// G^T: the transpose of WeightTransform.
struct WeightAdjoint {
  static constexpr int kIn = 6, kOut = 3;
  template <class T>
  [[gnu::always_inline]] static void apply(const T* v, int s, T* o) {
    const T v0 = v[0], a = v[s] + v[2 * s], b = v[2 * s] - v[s], c = v[3 * s] + v[4 * s], e = v[3 * s] - v[4 * s], v5 = v[5 * s];
    o[0] = v0 * 0.25f - a * (1.0f / 6) + c * (1.0f / 24);
    o[s] = b * (1.0f / 6) + e * (1.0f / 12);
    o[2 * s] = (c - a) * (1.0f / 6) + v5;
  }
};

/// Columns, then rows, of a tile with rows of six in memory: in place, [kIn][kIn] -> [kOut][kOut].
template <class Transform, class T>
[[gnu::always_inline]] inline void transform_2d(T* tile) {
  for (int column = 0; column < Transform::kIn; ++column) Transform::apply(tile + column, 6, tile + column);
  for (int row = 0; row < Transform::kOut; ++row) Transform::apply(tile + 6 * row, 1, tile + 6 * row);
}

}  // namespace octet::ops::cpu
