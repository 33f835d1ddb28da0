#include "ops/cuda/channels.h"

#include "ops/cuda/channel_reduce.h"
#include "tensor/cuda/runtime.h"

namespace octet::ops::cuda {
namespace {

struct Itself {
  const float* x;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t) const { return {static_cast<double>(x[i]), 0}; }
};

struct Square {
  const float* x;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t) const { return {static_cast<double>(x[i]) * static_cast<double>(x[i]), 0}; }
};

struct RoundFirst {
  const TwoSums* sums;
  float* y;
  OCTET_HD void operator()(uint32_t c) const { y[c] = static_cast<float>(sums[c].a); }
};

}  // namespace

void channel_sums(const Tensor& x, Tensor& sums) {
  const ChannelSums all("channel_sums", ChannelLayout(x), Itself{x.cuda_data<float>()});
  map("channel_sums", sums.numel(), RoundFirst{all.data(), sums.cuda_data<float>()});
}

double sum_of_squares(const Tensor& x) {
  if (x.numel() == 0) return 0;
  const ChannelSums all("sum_of_squares", ChannelLayout(x.reshape({1, 1, x.numel()})), Square{x.cuda_data<float>()});
  TwoSums sum{};
  octet::cuda::copy_to_host(&sum, all.data(), sizeof sum);
  return sum.a;
}

}  // namespace octet::ops::cuda
