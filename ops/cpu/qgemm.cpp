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
  kernels().qgemm(a, rows, w.panels.data<int16_t>(), w.padded_outputs(), w.depth, acc);
}

}  // namespace octet::ops::cpu
