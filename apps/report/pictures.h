// Small pictures of numbers, as images inside of the page: <img src="data:image/bmp;base64,...">.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace octet::apps {

/// The filters of a first layer, float32 [K, C, R, S] with C of 1 or 3, as colours: 0 is grey. Up to `most` of them, in rows of 16.
std::string draw_filters(const Tensor& weight, int64_t most, const std::string& alternative);

/// Channel c of image 0 of [N, C, H, W], from low (dark) to high (light).
std::string draw_channel(const Tensor& x, int64_t c, float low, float high, const std::string& alternative);
/// Where two values differ: 0 is grey, red where `other` is larger, blue where it is smaller; full colour at `largest`.
std::string draw_difference(const Tensor& value, const Tensor& other, int64_t c, float largest, const std::string& alternative);

}  // namespace octet::apps
