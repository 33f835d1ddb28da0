// The kernels of ops/cpu/fdot.h for vectors of any width, which each kernel file compiles for its instruction set. Static, as
// everything that is compiled more than once.
//
// Isa: V, a vector of floats of the compiler; fma(a, b, c) = a * b + c, rounded once; kRows, kOutputs, the largest tile whose
// sums of one vector each stay in registers, with whatever one step reads.
#pragma once

#include <cstring>

#include "ops/cpu/fdot.h"
#include "ops/cpu/winograd_tile.h"

namespace octet::ops::cpu {
namespace {

template <class V>
[[gnu::always_inline]] inline V load_floats(const float* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// Rows x Outputs, one vector's chains.
template <class Isa, int Rows, int Outputs>
[[gnu::noipa]] static void add_products(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int64_t steps,
                                        float* sums, int64_t sums_stride) {
  using V = typename Isa::V;
  V sum[Rows][Outputs];
#pragma GCC unroll 4
  for (int m = 0; m < Rows; ++m)
#pragma GCC unroll 6
    for (int k = 0; k < Outputs; ++k) sum[m][k] = load_floats<V>(sums + m * sums_stride + k * FDotTile::kChains);
  for (int64_t i = 0; i < steps; ++i, x += FDotTile::kChains, w += FDotTile::kChains) {
    V a[Rows];
#pragma GCC unroll 4
    for (int m = 0; m < Rows; ++m) a[m] = load_floats<V>(x + m * x_stride);
#pragma GCC unroll 6
    for (int k = 0; k < Outputs; ++k) {
      const V b = load_floats<V>(w + k * w_stride);
#pragma GCC unroll 4
      for (int m = 0; m < Rows; ++m) sum[m][k] = Isa::fma(a[m], b, sum[m][k]);
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < Rows; ++m)
#pragma GCC unroll 6
    for (int k = 0; k < Outputs; ++k) std::memcpy(sums + m * sums_stride + k * FDotTile::kChains, &sum[m][k], sizeof(V));
}

consteval int at_most(int n, int most) { return n < most ? n : most; }

template <class Isa>
using AddProducts = void (*)(const float*, int64_t, const float*, int64_t, int64_t, float*, int64_t);

/// By rows - 1 and outputs - 1.
template <class Isa, int Outputs>
constexpr AddProducts<Isa> kOfRows[4] = {add_products<Isa, 1, Outputs>, add_products<Isa, at_most(2, Isa::kRows), Outputs>,
                                         add_products<Isa, at_most(3, Isa::kRows), Outputs>,
                                         add_products<Isa, at_most(4, Isa::kRows), Outputs>};
template <class Isa>
constexpr const AddProducts<Isa>* kAddProducts[6] = {kOfRows<Isa, 1>,
                                                     kOfRows<Isa, at_most(2, Isa::kOutputs)>,
                                                     kOfRows<Isa, at_most(3, Isa::kOutputs)>,
                                                     kOfRows<Isa, at_most(4, Isa::kOutputs)>,
                                                     kOfRows<Isa, at_most(5, Isa::kOutputs)>,
                                                     kOfRows<Isa, at_most(6, Isa::kOutputs)>};

/// The last products, fewer than one for each chain.
template <class Isa>
static void add_last(const FDotTile& t, int64_t done) {
  for (int64_t m = 0; m < t.rows; ++m)
    for (int64_t k = 0; k < t.outputs; ++k) {
      float* sums = t.sums + m * t.sums_stride + k * FDotTile::kChains;
      for (int64_t j = 0; done + j < t.count; ++j)
        sums[j] = __builtin_fmaf(t.x[m * t.x_stride + done + j], t.w[k * t.w_stride + done + j], sums[j]);
    }
}

template <class Isa>
static void multiply_rows(const FDotTile& t) {
  constexpr int64_t kLanes = sizeof(typename Isa::V) / sizeof(float);
  const int64_t steps = t.count / FDotTile::kChains;
  for (int64_t k = 0; k < t.outputs; k += Isa::kOutputs)
    for (int64_t m = 0; m < t.rows; m += Isa::kRows) {
      const int64_t rows = t.rows - m < Isa::kRows ? t.rows - m : Isa::kRows,
                    outputs = t.outputs - k < Isa::kOutputs ? t.outputs - k : Isa::kOutputs;
      for (int64_t j = 0; j < FDotTile::kChains; j += kLanes)
        kAddProducts<Isa>[outputs - 1][rows - 1](t.x + m * t.x_stride + j, t.x_stride, t.w + k * t.w_stride + j, t.w_stride,
                                                 steps, t.sums + m * t.sums_stride + k * FDotTile::kChains + j, t.sums_stride);
    }
  if (steps * FDotTile::kChains < t.count) add_last<Isa>(t, steps * FDotTile::kChains);
}

/// Chains j + j + 8, then j + j + 4: four are left.
[[gnu::always_inline]] inline Float4 four_sums(const float* sums) {
  return (load4(sums) + load4(sums + 8)) + (load4(sums + 4) + load4(sums + 12));
}

/// Four outputs at a time: their last four chains become four vectors of one chain each.
static void total_sums(const float* sums, int64_t outputs, float* y) {
  for (int64_t k = 0; k < outputs; k += 4) {
    const int64_t last = outputs - k - 1;  // of these; a missing one repeats it
    Float4 s[4];
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) s[i] = four_sums(sums + (k + (i < last ? i : last)) * FDotTile::kChains);
    transpose4(s[0], s[1], s[2], s[3]);
    const Float4 total = (s[0] + s[2]) + (s[1] + s[3]);
    std::memcpy(y + k, &total, static_cast<size_t>(last < 3 ? last + 1 : 4) * sizeof(float));
  }
}

template <class Isa>
constexpr FDotKernels kFDotOf = {multiply_rows<Isa>, total_sums};

}  // namespace
}  // namespace octet::ops::cpu
