#include "ops/cpu/winograd_int16.h"

#include <algorithm>
#include <cmath>

namespace octet::ops::cpu {

bool winograd_is_exact(const Tensor& weight, int32_t input_zero_point, const std::vector<int32_t>& bias) {
  constexpr int64_t kLimit = int64_t{1} << 25;
  const int64_t K = weight.size(0), n = weight.numel() / K, largest = std::max(input_zero_point, 255 - input_zero_point);
  const int8_t* w = weight.data<int8_t>();
  for (int64_t k = 0; k < K; ++k) {
    int64_t sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::abs(static_cast<int>(w[k * n + i]));
    if (sum * largest + std::abs(int64_t{bias[static_cast<size_t>(k)]}) >= kLimit) return false;
  }
  return true;
}

Tensor winograd_weights(const Tensor& weight, int64_t strip) {
  static constexpr int kG[kWinogradWindow][3] = {{6, 0, 0}, {-4, -4, -4}, {-4, 4, -4}, {1, 2, 4}, {1, -2, 4}, {0, 0, 12}};
  const int64_t K = weight.size(0), C = weight.size(1), strips = (K + strip - 1) / strip, pairs = C / 2;
  Tensor u = Tensor::zeros({strips, kWinogradPlaces, pairs, strip, 2}, DType::i16);
  const int8_t* w = weight.data<int8_t>();
  int16_t* pu = u.data<int16_t>();
  const int64_t place_stride = pairs * strip * 2;
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c) {
      const int8_t* g = w + (k * C + c) * 9;
      int half[kWinogradWindow][3];  // G g
      for (int64_t i = 0; i < kWinogradWindow; ++i)
        for (int64_t s = 0; s < 3; ++s) half[i][s] = kG[i][0] * g[s] + kG[i][1] * g[3 + s] + kG[i][2] * g[6 + s];
      int16_t* to = pu + k / strip * kWinogradPlaces * place_stride + (c / 2 * strip + k % strip) * 2 + c % 2;
      for (int64_t i = 0; i < kWinogradWindow; ++i)
        for (int64_t j = 0; j < kWinogradWindow; ++j)
          to[(i * kWinogradWindow + j) * place_stride] =
              static_cast<int16_t>(half[i][0] * kG[j][0] + half[i][1] * kG[j][1] + half[i][2] * kG[j][2]);
    }
  return u;
}

}  // namespace octet::ops::cpu
