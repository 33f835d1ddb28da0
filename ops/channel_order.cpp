#include "ops/channel_order.h"

#include <algorithm>
#include <cstring>

#include "ops/cuda/gather.h"
#include "ops/elementwise.h"

namespace octet::ops {
namespace {

/// images, channels, pixels: the shapes of both layouts.
Shape planes(int64_t images, const Shape& channels, int64_t h, int64_t w) {
  Shape shape{images};
  shape.insert(shape.end(), channels.begin(), channels.end());
  shape.insert(shape.end(), {h, w});
  return shape;
}
Shape channels_last(int64_t images, const Shape& channels, int64_t h, int64_t w) {
  Shape shape{images, h, w};
  shape.insert(shape.end(), channels.begin(), channels.end());
  return shape;
}

/// The dimensions between the images and the last two, or behind the first three.
Shape channels_of(const Tensor& x, bool last, const char* what) {
  OCTET_CHECK(x.dim() >= 4, what, ": expected ", last ? "codes [N, H, W, channels...]" : "[N, channels..., H, W]", ", got ",
              x.shape());
  const auto begin = x.shape().begin() + (last ? 3 : 1), end = x.shape().end() - (last ? 0 : 2);
  return {begin, end};
}

void check_view(const Shape& from, const std::vector<int64_t>& to, const Tensor& x) {
  OCTET_CHECK(!to.empty() && std::ssize(to) <= kMostChannelDims && std::ranges::all_of(to, [](int64_t c) { return c > 0; }) &&
                  numel(from) == numel(Shape(to.begin(), to.end())),
              "view: ", x.shape(), " cannot have channels ", Shape(to.begin(), to.end()));
}

/// For each channel of the result the channel of the input that it is.
std::vector<int64_t> order_of(const Shape& channels, const std::vector<int64_t>& dims, const Tensor& x) {
  std::vector<int64_t> sorted = dims;
  std::ranges::sort(sorted);
  bool is_order = sorted.size() == channels.size();
  for (size_t i = 0; is_order && i < sorted.size(); ++i) is_order = sorted[i] == static_cast<int64_t>(i);
  OCTET_CHECK(is_order, "permute: ", Shape(dims.begin(), dims.end()), " is no order of the ", channels.size(),
              " dimensions of channels of ", x.shape());
  std::vector<int64_t> order{0};
  for (const int64_t dim : dims) {  // the last one runs fastest
    const auto d = static_cast<size_t>(dim);
    const int64_t step = numel(Shape(channels.begin() + dim + 1, channels.end()));
    std::vector<int64_t> longer;
    for (const int64_t first : order)
      for (int64_t i = 0; i < channels[d]; ++i) longer.push_back(first + i * step);
    order = std::move(longer);
  }
  return order;
}

Shape permuted(const Shape& channels, const std::vector<int64_t>& dims) {
  Shape result;
  for (const int64_t d : dims) result.push_back(channels[static_cast<size_t>(d)]);
  return result;
}

}  // namespace

Tensor view_channels(const Tensor& x, const std::vector<int64_t>& channels) {
  check_view(channels_of(x, false, "view"), channels, x);
  return x.reshape(planes(x.size(0), {channels.begin(), channels.end()}, x.size(-2), x.size(-1)));
}

Tensor permute_channels(const Tensor& x, const std::vector<int64_t>& dims) {
  const Shape channels = channels_of(x, false, "permute");
  const std::vector<int64_t> order = order_of(channels, dims, x);
  Tensor y(planes(x.size(0), permuted(channels, dims), x.size(-2), x.size(-1)), x.dtype(), x.device());
  if (x.on_cuda()) return cuda::permute_channels(x, channels, dims, x.size(-2) * x.size(-1), y), y;
  const auto plane = static_cast<size_t>(x.size(-2) * x.size(-1)) * size_of(x.dtype()), C = order.size();
#pragma omp parallel for
  for (int64_t n = 0; n < x.size(0); ++n)
    for (size_t c = 0; c < C; ++c) {
      const auto image = static_cast<size_t>(n) * C;
      std::memcpy(y.bytes() + (image + c) * plane, x.bytes() + (image + static_cast<size_t>(order[c])) * plane, plane);
    }
  return y;
}

std::vector<int64_t> inverse_order(const std::vector<int64_t>& dims) {
  std::vector<int64_t> inverse(dims.size(), -1);
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto to = static_cast<size_t>(dims[i]);
    OCTET_CHECK(to < inverse.size() && inverse[to] < 0, "permute: ", Shape(dims.begin(), dims.end()), " is no order");
    inverse[to] = static_cast<int64_t>(i);
  }
  return inverse;
}

Tensor slice_channels(const Tensor& x, int64_t begin, int64_t end) {
  OCTET_CHECK(x.dim() >= 2 && 0 <= begin && begin <= end && end <= x.size(1), "slice: channels ", begin, " to ", end, " of ",
              x.shape());
  OCTET_CHECK(x.dim() >= 2 && 0 <= begin && begin <= end && end <= x.size(1), "slice: channels ", begin, " to ", end, " of ",
              x.shape());
  return split_channels(x, std::vector<int64_t>{begin, end - begin, x.size(1) - end})[1];
}

Tensor slice_channels_backward(const Tensor& dy, const Shape& x, int64_t begin) {
  OCTET_CHECK(x.size() >= 2 && dy.dim() >= 2 && 0 <= begin && begin <= x[1] && dy.size(1) <= x[1] - begin,
              "slice backward: gradient ", dy.shape(), " from channel ", begin, " of ", x);
  Shape before = x, behind = x;
  before[1] = begin;
  behind[1] = x[1] - begin - dy.size(1);
  return cat_channels(
      std::vector<Tensor>{Tensor::zeros(before, DType::f32, dy.device()), dy, Tensor::zeros(behind, DType::f32, dy.device())});
}

namespace int8 {

Tensor view_channels(const Tensor& x, const std::vector<int64_t>& channels) {
  check_view(channels_of(x, true, "int8 view"), channels, x);
  return x.reshape(channels_last(x.size(0), {channels.begin(), channels.end()}, x.size(1), x.size(2)));
}

Tensor permute_channels(const Tensor& x, const std::vector<int64_t>& dims) {
  const Shape channels = channels_of(x, true, "int8 permute");
  const std::vector<int64_t> order = order_of(channels, dims, x);
  Tensor y(channels_last(x.size(0), permuted(channels, dims), x.size(1), x.size(2)), DType::quint8, x.device());
  if (x.on_cuda()) return cuda::permute_channels(x, channels, dims, 1, y), y;
  const auto C = std::ssize(order);
  const uint8_t* from = x.data<uint8_t>();
  uint8_t* to = y.data<uint8_t>();
  const int64_t pixels = x.size(0) * x.size(1) * x.size(2);
#pragma omp parallel for
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t c = 0; c < C; ++c) to[p * C + c] = from[p * C + order[static_cast<size_t>(c)]];
  return y;
}

}  // namespace int8
}  // namespace octet::ops
