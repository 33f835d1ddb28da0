#include "ops/int8/winograd_conv2d.h"

#include "ops/winograd_grid.h"
#include "ops/winograd_tiles.h"

namespace octet::ops::int8 {

using namespace cpu;

bool WinogradConv2d::applies(const Tensor& w, const Conv2dOptions& o, int32_t input_zero_point, const Requantization& r) {
  return o.groups == 1 && o.stride == Size2(1) && w.size(2) == 3 && w.size(3) == 3 && w.size(1) % 2 == 0 &&
         winograd_is_exact(w, input_zero_point, r.bias_i32);
}

int64_t WinogradConv2d::tiles(int64_t images, const Im2colShape& shape) { return images * winograd_tiles(shape, kWinogradTile); }

WinogradConv2d::WinogradConv2d(const Tensor& weight, int32_t input_zero_point, const Requantization& r)
    : outputs_(weight.size(0)),
      channels_(weight.size(1)),
      input_zero_point_(input_zero_point),
      weights_(winograd_weights(weight, winograd_int16().strip)),
      requantization_(r.padded(weights_.size(0) * winograd_int16().strip)) {}

Tensor WinogradConv2d::operator()(const Tensor& x, const Im2colShape& s, const Addend& addend) const {
  const int64_t N = x.size(0), K = outputs_;
  Tensor y({N, s.out_height, s.out_width, K}, DType::quint8);
  const Requantization& r = requantization_;
  const WinogradCodes codes{r.bias_i32.data(),   r.bias_f32.empty() ? nullptr : r.bias_f32.data(),
                            r.multiplier.data(), r.zero_point,
                            r.range.qmin,        K,
                            s.out_width * K,     y.data<uint8_t>()};
  WinogradJob(winograd_int16(), x.data<uint8_t>(), N, s, static_cast<uint8_t>(input_zero_point_), weights_, codes, K,
              [&](int64_t first, int64_t pixels, int64_t channels) {
                addend.add_to(codes.y, first, {pixels, channels, K});
              })
      .run();
  return y;
}

}  // namespace octet::ops::int8
