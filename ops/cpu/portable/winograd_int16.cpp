// Winograd's kernels (ops/cpu/winograd_int16.h) in plain loops.
#include "ops/cpu/generic/winograd_int16_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {
namespace {

constexpr int64_t kStrip = kWinogradPanel;

void multiply(const int16_t* v, int rows, int64_t C, const int16_t* u, const int16_t*, int32_t* m) {
  for (int row = 0; row < rows; ++row, v += C, m += kStrip) {
    uint32_t sum[kStrip] = {};
    for (int64_t p = 0; p < C / 2; ++p) {
      const int16_t* b = u + p * 2 * kStrip;
      for (int64_t k = 0; k < kStrip; ++k) sum[k] += static_cast<uint32_t>(v[2 * p] * b[2 * k] + v[2 * p + 1] * b[2 * k + 1]);
    }
    for (int64_t k = 0; k < kStrip; ++k) m[k] = static_cast<int32_t>(sum[k]);
  }
}

}  // namespace

const WinogradInt16 portable::winograd_int16 = {
    kWinogradTile, kStrip, transform_input<PlainIsa>, transform_border<PlainIsa>, multiply, transform_output<PlainIsa>};

}  // namespace octet::ops::cpu
