#include "ops/conv/dilation.h"

namespace octet::ops {
namespace {

/// Calls visit(place in the kernel, place in the dilated kernel) for every tap of a weight [K, C, R, S].
template <class Visit>
void for_each_tap(const Shape& weight, Size2 dilation, const Visit& visit) {
  const int64_t R = weight[2], S = weight[3], height = (R - 1) * dilation.h + 1, width = (S - 1) * dilation.w + 1;
  for (int64_t kc = 0; kc < weight[0] * weight[1]; ++kc)
    for (int64_t r = 0; r < R; ++r)
      for (int64_t s = 0; s < S; ++s) visit((kc * R + r) * S + s, (kc * height + r * dilation.h) * width + s * dilation.w);
}

template <class T>
Tensor dilated(const Tensor& weight, const Shape& shape, Size2 dilation) {
  Tensor y = Tensor::zeros(shape, weight.dtype());
  const T* from = weight.data<T>();
  T* to = y.data<T>();
  for_each_tap(weight.shape(), dilation, [&](int64_t tap, int64_t at) { to[at] = from[tap]; });
  return y;
}

}  // namespace

Undilated without_dilation(const Tensor& weight, const Conv2dOptions& options) {
  const Size2 d = options.dilation;
  if (d == Size2(1)) return {weight, options};
  OCTET_CHECK(d.h >= 1 && d.w >= 1 && weight.dim() == 4 && weight.numel() > 0, "conv2d: dilation ", d, " of a kernel ",
              weight.shape(), ", expected at least 1");
  const auto side = [](int64_t kernel, int64_t step) { return step > kLargestDilated ? step : (kernel - 1) * step + 1; };
  const Size2 kernel{side(weight.size(2), d.h), side(weight.size(3), d.w)};
  OCTET_CHECK(std::max(kernel.h, kernel.w) <= kLargestDilated, "conv2d: dilation ", d, " makes a kernel of ", kernel,
              ", expected at most ", kLargestDilated, " on a side");
  const Shape shape{weight.size(0), weight.size(1), kernel.h, kernel.w};
  Undilated result{{}, options};
  result.options.dilation = 1;
  const Tensor on_host = weight.to(Device::cpu);
  result.weight =
      (weight.dtype() == DType::f32 ? dilated<float>(on_host, shape, d) : dilated<int8_t>(on_host, shape, d)).to(weight.device());
  return result;
}

Tensor taps_of(const Tensor& dilated, const Shape& weight, Size2 dilation) {
  const Tensor on_host = dilated.to(Device::cpu);
  Tensor taps(weight);
  const float* from = on_host.data<float>();
  float* to = taps.data<float>();
  for_each_tap(weight, dilation, [&](int64_t tap, int64_t at) { to[tap] = from[at]; });
  return taps.to(dilated.device());
}

}  // namespace octet::ops
