#include "ops/cuda/channels.h"

#include "ops/cuda/channel_reduce.h"
#include "tensor/cuda/runtime.h"

namespace octet::ops::cuda {
namespace {

struct Square {
  const float* x;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t) const { return {static_cast<double>(x[i]) * static_cast<double>(x[i]), 0}; }
};

struct Product {
  const float *a, *b;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t) const { return {static_cast<double>(a[i] * b[i]), 0}; }
};

struct MultiplySlices {
  const float *w, *factor;
  Divisor slice;
  float* y;
  OCTET_HD void operator()(uint32_t i) const { y[i] = w[i] * factor[i / slice]; }
};

struct DivideChannels {
  float* x;
  const float* factor;
  Divisor channels, plane;
  OCTET_HD void operator()(uint32_t i) const { x[i] /= factor[i / plane % channels]; }
};

struct RoundFirst {
  const TwoSums* sums;
  float* y;
  OCTET_HD void operator()(uint32_t c) const { y[c] = static_cast<float>(sums[c].a); }
};

}  // namespace

void channel_sums(const Tensor& x, Tensor& sums) {
  const ChannelSums all("channel_sums", ChannelLayout(x), ValueOf{x.cuda_data<float>()});
  map("channel_sums", sums.numel(), RoundFirst{all.data(), sums.cuda_data<float>()});
}

void multiply_slices(const Tensor& w, const Tensor& factor, Tensor& y) {
  if (w.numel() == 0) return;
  map("multiply_slices", w.numel(),
      MultiplySlices{w.cuda_data<float>(), factor.cuda_data<float>(), static_cast<uint32_t>(w.numel() / w.size(0)),
                     y.cuda_data<float>()});
}

void divide_channels(Tensor& x, const Tensor& factor) {
  const ChannelLayout l(x);
  map("divide_channels", x.numel(), DivideChannels{x.cuda_data<float>(), factor.cuda_data<float>(), l.C, l.plane});
}

void dot_channels(const Tensor& a, const Tensor& b, Tensor& sums) {
  const ChannelSums all("dot_channels", ChannelLayout(a), Product{a.cuda_data<float>(), b.cuda_data<float>()});
  map("dot_channels", sums.numel(), RoundFirst{all.data(), sums.cuda_data<float>()});
}

void dot_slices(const Tensor& a, const Tensor& b, Tensor& sums) {
  const Shape one_image{1, a.size(0), a.numel() / std::max<int64_t>(1, a.size(0))};
  dot_channels(a.reshape(one_image), b.reshape(one_image), sums);
}

double sum_of_squares(std::span<const Tensor> tensors) {
  Tensor found({std::ssize(tensors) * static_cast<int64_t>(sizeof(TwoSums))}, DType::u8, Device::cuda);
  auto* next = reinterpret_cast<TwoSums*>(found.cuda_bytes());
  int64_t count = 0;
  for (const Tensor& x : tensors) {
    if (x.numel() == 0) continue;
    const ChannelSums sums("sum_of_squares", ChannelLayout(x.reshape({1, 1, x.numel()})), Square{x.cuda_data<float>()});
    octet::cuda::copy_on_device(next + count++, sums.data(), sizeof(TwoSums));
  }
  if (count == 0) return 0;
  std::vector<TwoSums> sums(static_cast<size_t>(count));  // all at once: each copy waits for the device
  octet::cuda::copy_to_host(sums.data(), next, sums.size() * sizeof(TwoSums));
  double all = 0;
  for (const TwoSums& s : sums) all += s.a;
  return all;
}

}  // namespace octet::ops::cuda
