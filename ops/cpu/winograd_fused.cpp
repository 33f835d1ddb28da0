#include "ops/cpu/winograd_fused.h"

#include "ops/cpu/winograd_kernels.h"

namespace octet::ops::cpu {

Tensor winograd_fused_weights(const Tensor& weight, int64_t strip) {
  const int64_t K = weight.size(0), C = weight.size(1), panels = (K + strip - 1) / strip * (strip / kWinogradPanel);
  Tensor packed = Tensor::zeros({panels, C / 2, 9, kWinogradPanel, 2}, DType::i8);
  const int8_t* w = weight.data<int8_t>();
  int8_t* to = packed.data<int8_t>();
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t tap = 0; tap < 9; ++tap)
        to[(((k / kWinogradPanel * (C / 2) + c / 2) * 9 + tap) * kWinogradPanel + k % kWinogradPanel) * 2 + c % 2] =
            w[(k * C + c) * 9 + tap];
  return packed;
}

}  // namespace octet::ops::cpu
