#include "ops/cpu/qgemm.h"

#include "ops/cpu/isa.h"
#include "tensor/error.h"

namespace octet::ops::cpu {

void check_depth(int64_t depth) {
  OCTET_CHECK(depth <= kMaxDepth, "int8 layer: ", depth, " products per output could overflow int32; the limit is ", kMaxDepth);
}

PackedWeights::PackedWeights(const int8_t* w, int64_t outputs_, int64_t depth_) : outputs(outputs_), depth(round_up(depth_, 2)) {
  check_depth(depth_);
  panels = Tensor::zeros({padded_outputs() / kPanel, depth / 2, kPanel, 2}, DType::i16);
  int16_t* out = panels.data<int16_t>();
  for (int64_t k = 0; k < outputs; ++k)
    for (int64_t d = 0; d < depth_; ++d) {
      const int64_t panel = k / kPanel * depth * kPanel;
      out[panel + d / 2 * kPanel * 2 + k % kPanel * 2 + d % 2] = w[k * depth_ + d];
    }
}

void qgemm(const int16_t* a, int64_t rows, const PackedWeights& w, int32_t* acc) {
  (use(Isa::avx2) ? qgemm_avx2 : qgemm_portable)(a, rows, w.panels.data<int16_t>(), w.padded_outputs(), w.depth, acc);
}

void qgemm_portable(const int16_t* a, int64_t rows, const int16_t* panels, int64_t ld, int64_t depth, int32_t* acc) {
  const int64_t pairs = depth / 2;
  for (int64_t k = 0; k < ld; k += kPanel) {
    const int16_t* panel = panels + k * depth;
    for (int64_t m = 0; m < rows; ++m) {
      int32_t sum[kPanel] = {};
      for (int64_t d = 0; d < pairs; ++d) {
        const int32_t a0 = a[m * depth + 2 * d], a1 = a[m * depth + 2 * d + 1];
        const int16_t* b = panel + d * kPanel * 2;
        for (int64_t j = 0; j < kPanel; ++j) sum[j] += a0 * b[2 * j] + a1 * b[2 * j + 1];
      }
      for (int64_t j = 0; j < kPanel; ++j) acc[m * ld + k + j] = sum[j];
    }
  }
}

}  // namespace octet::ops::cpu
