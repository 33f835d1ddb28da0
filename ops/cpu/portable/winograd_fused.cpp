// The loop of ops/cpu/generic/winograd_fused_body.h in vectors of 16 bytes: four outputs and one tile at a time.
#include "ops/cpu/generic/winograd_fused_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {
namespace {

struct Portable {
  typedef int16_t Words __attribute__((vector_size(16)));
  typedef uint32_t Sums __attribute__((vector_size(16)));
  typedef int8_t Codes __attribute__((vector_size(8)));

  [[gnu::always_inline]] static Words tap(const int8_t* weights) {
    Codes codes;
    std::memcpy(&codes, weights, sizeof codes);
    return __builtin_convertvector(codes, Words);
  }
  [[gnu::always_inline]] static void dot(Sums& sum, const Words& u, const int16_t* v) {
    for (int k = 0; k < 4; ++k) sum[k] += static_cast<uint32_t>(u[2 * k] * v[0] + u[2 * k + 1] * v[1]);
  }
};

constexpr int64_t kOutputs = 4;

void multiply_row(int row, const WinogradFused::Needed& n, const int16_t* v, int64_t place_stride, int64_t C,
                  const int8_t* weights, const int8_t*, int32_t* m, int64_t m_stride, int64_t tile_stride) {
  for (int t = n.begin; t < n.end; ++t) {
    const bool last = n.last_begin <= t && t < n.last_end;
    const MultiplyTiles multiply = (last ? kMultiplyTiles<Portable, 1, 0, 1> : kMultiplyTiles<Portable, 1, 0, 0>)[row];
    for (int64_t k = 0; k < kWinogradPanel; k += kOutputs)
      multiply(v + t * C, place_stride, C, weights + 2 * k, weights, m + t * tile_stride + k, m_stride, tile_stride);
  }
}

}  // namespace

const WinogradFused portable::winograd_fused = {multiply_row};

}  // namespace octet::ops::cpu
