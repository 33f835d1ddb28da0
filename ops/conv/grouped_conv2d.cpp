#include "ops/conv/grouped_conv2d.h"

#include <algorithm>

namespace octet::ops {
namespace {

/// Copies `channels` values of each of `pixels` pixels, from_stride and to_stride values apart.
void copy_channels(const float* from, int64_t from_stride, float* to, int64_t to_stride, int64_t pixels, int64_t channels) {
#pragma omp parallel for
  for (int64_t i = 0; i < pixels; ++i) std::copy_n(from + i * from_stride, channels, to + i * to_stride);
}

}  // namespace

GroupedConv2d::GroupedConv2d(const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, bool relu, FloatSums sums) {
  OCTET_CHECK(weight.dim() == 4 && options.groups > 0 && weight.size(0) % options.groups == 0, "grouped conv2d: weight ",
              weight.shape(), " of ", options.groups, " groups");
  const int64_t K = weight.size(0) / options.groups;
  Conv2dOptions one = options;
  one.groups = 1;
  for (int64_t k = 0; k < weight.size(0); k += K)
    groups_.emplace_back(weight.slice(k, k + K), bias.defined() ? bias.slice(k, k + K) : Tensor(), one, relu, sums);
}

Tensor GroupedConv2d::operator()(const Tensor& x) const {
  const int64_t G = std::ssize(groups_);
  OCTET_CHECK(x.dim() == 4 && x.size(3) % G == 0, "grouped conv2d: expected input [N, H, W, C] of ", G, " groups, got ",
              x.shape());
  const int64_t C = x.size(3) / G;
  Tensor of_group({x.size(0), x.size(1), x.size(2), C}), y;
  for (int64_t g = 0; g < G; ++g) {
    copy_channels(x.data<float>() + g * C, G * C, of_group.data<float>(), C, of_group.numel() / std::max<int64_t>(C, 1), C);
    const Tensor part = groups_[static_cast<size_t>(g)](of_group);  // [N, P, Q, K/G]
    const int64_t K = part.size(3), pixels = part.size(0) * part.size(1) * part.size(2);
    if (g == 0) y = Tensor({part.size(0), part.size(1), part.size(2), G * K});
    copy_channels(part.data<float>(), K, y.data<float>() + g * K, G * K, pixels, K);
  }
  return y;
}

}  // namespace octet::ops
