#include "ops/conv/depthwise_conv2d.h"

#include <algorithm>
#include <limits>

#include "ops/conv/conv2d.h"
#include "ops/conv/padded_images.h"

namespace octet::ops {

DepthwiseConv2d::DepthwiseConv2d(const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, bool relu)
    : low_(relu ? 0.0f : -std::numeric_limits<float>::infinity()) {
  OCTET_CHECK(applies(weight.shape(), options), "depthwise conv2d: expected weight [C, 1, R, S] of C groups, got ",
              weight.shape(), " of ", options.groups);
  weight_shape_ = weight.shape();
  options_ = options;
  const int64_t C = weight.size(0), taps = weight.size(2) * weight.size(3);
  taps_ = Tensor({weight.size(2), weight.size(3), C});
  for (int64_t c = 0; c < C; ++c)
    for (int64_t i = 0; i < taps; ++i) taps_.data<float>()[i * C + c] = weight.data<float>()[c * taps + i];
  bias_ = bias.defined() ? bias : Tensor::zeros({C});
}

Tensor DepthwiseConv2d::operator()(const Tensor& x) const {
  OCTET_CHECK(x.dim() == 4, "depthwise conv2d: expected input [N, H, W, C], got ", x.shape());
  const int64_t N = x.size(0), C = x.size(3);
  const Im2colShape s = conv2d_shape({N, C, x.size(1), x.size(2)}, weight_shape_, options_);
  const PaddedImages<float> images(x, s.padding, s.height + 2 * s.padding.h, s.width + 2 * s.padding.w, 0.0f);
  Tensor y({N, s.out_height, s.out_width, C});
  float* py = y.data<float>();
  const float *bias = bias_.data<float>(), *taps = taps_.data<float>();
#pragma omp parallel
  {
    images.fill();
#pragma omp for
    for (int64_t i = 0; i < N * s.cols(); ++i) {
      const int64_t n = i / s.cols(), p = i % s.cols() / s.out_width, q = i % s.out_width;
      float* out = py + i * C;
      std::copy_n(bias, C, out);
      const float* w = taps;
      for (int64_t r = 0; r < s.kernel.h; ++r)
        for (int64_t t = 0; t < s.kernel.w; ++t, w += C) {
          const float* pixel = images.at(n, p * s.stride.h + r * s.dilation.h, (q * s.stride.w + t * s.dilation.w) * C);
#pragma omp simd
          for (int64_t c = 0; c < C; ++c) out[c] += pixel[c] * w[c];
        }
      for (int64_t c = 0; c < C; ++c) out[c] = out[c] < low_ ? low_ : out[c];
    }
  }
  return y;
}

}  // namespace octet::ops
