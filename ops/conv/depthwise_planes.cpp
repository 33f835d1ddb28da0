#include "ops/conv/depthwise_planes.h"

#include <algorithm>
#include <vector>

namespace octet::ops {
namespace {

/// A tap of the kernel, and the output columns [begin, end) whose pixel lies inside the image.
struct Tap {
  int64_t down, left, begin, end;
};

std::vector<Tap> taps_of(const Im2colShape& s) {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < s.kernel.h * s.kernel.w; ++i) {
    const Im2colRow row(s, i);
    taps.push_back({row.down, row.left, row.begin, row.end});
  }
  return taps;
}

/// Calls visit(tap, row of the output, row of the input that it reads) where that lies inside the image.
template <class Visit>
void for_each_row(const Im2colShape& s, const std::vector<Tap>& taps, const Visit& visit) {
  for (int64_t p = 0; p < s.out_height; ++p)
    for (size_t i = 0; i < taps.size(); ++i) {
      const int64_t h = p * s.stride.h - s.padding.h + taps[i].down;
      if (h >= 0 && h < s.height) visit(i, p * s.out_width, h * s.width + taps[i].left);
    }
}

}  // namespace

bool is_depthwise(const Tensor& weight, const Conv2dOptions& options) {
  return options.groups > 1 && weight.size(1) == 1 && !weight.on_cuda();
}

void depthwise_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Im2colShape& s, Tensor& y) {
  const int64_t C = x.size(1), K = weight.size(0), in_plane = s.height * s.width, window = s.kernel.h * s.kernel.w;
  const std::vector<Tap> taps = taps_of(s);
  const float *px = x.data<float>(), *pw = weight.data<float>(), *pb = bias.defined() ? bias.data<float>() : nullptr;
  float* py = y.data<float>();
#pragma omp parallel for
  for (int64_t plane = 0; plane < x.size(0) * K; ++plane) {
    const int64_t n = plane / K, k = plane % K, step = s.stride.w;
    const float *in = px + (n * C + k / (K / C)) * in_plane, *w = pw + k * window;
    float* out = py + plane * s.cols();
    std::fill_n(out, s.cols(), pb ? pb[k] : 0.0f);
    for_each_row(s, taps, [&](size_t i, int64_t to, int64_t from) {
      const float *pixels = in + from, factor = w[i];
      if (step == 1) {
#pragma omp simd
        for (int64_t q = taps[i].begin; q < taps[i].end; ++q) out[to + q] += factor * pixels[q];
      } else {
        for (int64_t q = taps[i].begin; q < taps[i].end; ++q) out[to + q] += factor * pixels[q * step];
      }
    });
  }
}

void depthwise_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Im2colShape& s, Tensor& dx,
                        Tensor& dweight) {
  const int64_t N = x.size(0), C = x.size(1), K = weight.size(0), in_plane = s.height * s.width;
  const int64_t window = s.kernel.h * s.kernel.w, step = s.stride.w;
  const std::vector<Tap> taps = taps_of(s);
  const float *pd = dy.data<float>(), *px = x.data<float>(), *pw = weight.data<float>();
  float *to_x = dx.defined() ? dx.data<float>() : nullptr, *to_w = dweight.defined() ? dweight.data<float>() : nullptr;
#pragma omp parallel for
  for (int64_t c = 0; c < C; ++c)
    for (int64_t k = c * (K / C); k < (c + 1) * (K / C); ++k)
      for (int64_t n = 0; n < N; ++n) {
        const float *in = px + (n * C + c) * in_plane, *gradient = pd + (n * K + k) * s.cols(), *w = pw + k * window;
        float* dpixels = to_x ? to_x + (n * C + c) * in_plane : nullptr;
        for_each_row(s, taps, [&](size_t i, int64_t row, int64_t from) {
          const float* d = gradient + row;
          if (dpixels && step == 1) {
#pragma omp simd
            for (int64_t q = taps[i].begin; q < taps[i].end; ++q) dpixels[from + q] += w[i] * d[q];
          } else if (dpixels) {
            for (int64_t q = taps[i].begin; q < taps[i].end; ++q) dpixels[from + q * step] += w[i] * d[q];
          }
          if (!to_w) return;
          float sum = 0;
#pragma omp simd reduction(+ : sum)
          for (int64_t q = taps[i].begin; q < taps[i].end; ++q) sum += d[q] * in[from + q * step];
          to_w[k * window + static_cast<int64_t>(i)] += sum;
        });
      }
}

}  // namespace octet::ops
