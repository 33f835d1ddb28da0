// Channels in another arrangement or order, and some of them. Floats are [N, channels..., pixels...], with all dimensions of
// channels between the images and the last two; codes are [N, H, W, channels...].
//
//   view_channels      the same values under other channels, whose product is the same
//   permute_channels   dimensions of channels in another order: the dimension j of the result is dims[j] of the input
//   slice_channels     x[:, begin:end]
// A channel shuffle is a view as [groups, C / groups], a permute by (1, 0), and a view as [C]. (ShuffleNet, Zhang et al. 2018)
// PyTorch counterparts: Tensor.view, torch.permute, torch.narrow.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace octet::ops {

constexpr int64_t kMostChannels = int64_t{1} << 24, kMostChannelDims = 4;

/// x: [N, channels..., H, W].
Tensor view_channels(const Tensor& x, const std::vector<int64_t>& channels);
Tensor permute_channels(const Tensor& x, const std::vector<int64_t>& dims);
/// The order that undoes `dims`.
std::vector<int64_t> inverse_order(const std::vector<int64_t>& dims);

/// x: [N, C, ...].
Tensor slice_channels(const Tensor& x, int64_t begin, int64_t end);
/// Backward: dy in its place, zeros elsewhere; `x` is the shape of the whole.
Tensor slice_channels_backward(const Tensor& dy, const Shape& x, int64_t begin);

namespace int8 {

/// x: [N, H, W, channels...].
Tensor view_channels(const Tensor& x, const std::vector<int64_t>& channels);
Tensor permute_channels(const Tensor& x, const std::vector<int64_t>& dims);

}  // namespace int8
}  // namespace octet::ops
