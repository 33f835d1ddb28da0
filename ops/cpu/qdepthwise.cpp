#include "ops/cpu/qdepthwise.h"

#include "ops/support/integers.h"

namespace octet::ops::cpu {
namespace {

/// Two output rows at once, if that takes no more groups of rows than one does.
int64_t rows_at_once(int64_t R, int64_t row_stride, int64_t group) {
  return ceil_div(R + row_stride, group) == ceil_div(R, group) ? 2 : 1;
}

template <class T>
void pack(const Tensor& weight, int64_t row_stride, const DepthwiseKernel& kernel, DepthwiseWeights& w) {
  const int64_t R = weight.size(2), S = w.width;
  T* to = w.packed.data<T>();
  for (int64_t i = 0; i < w.packed.size(0) * kernel.block; ++i) {
    const int64_t block = i / kernel.block, place = i % kernel.block, c = block * kernel.block + kernel.channel_at(place);
    if (c >= w.channels) continue;
    for (int64_t row = 0; row < w.rows; ++row)
      for (int64_t r = 0; r < R; ++r)
        for (int64_t s = 0; s < S; ++s) {
          const int64_t below = row * row_stride + r;  // the first row of the first output row's window
          const int64_t vector = ((block * w.row_groups + below / kernel.group) * S + s) * w.rows + row;
          to[(vector * kernel.block + place) * kernel.group + below % kernel.group] = weight.data<int8_t>()[(c * R + r) * S + s];
        }
  }
}

template <class T>
void reorder(std::vector<T>& values, const DepthwiseKernel& kernel) {
  const std::vector<T> before = values;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t place = i % static_cast<size_t>(kernel.block);
    values[i] = before[i - place + static_cast<size_t>(kernel.channel_at(static_cast<int64_t>(place)))];
  }
}

}  // namespace

DepthwiseWeights::DepthwiseWeights(const Tensor& weight, int64_t row_stride, int32_t input_zero_point,
                                   const int8::Requantization& r, const DepthwiseKernel& kernel)
    : channels(weight.size(0)),
      row_groups(ceil_div(weight.size(2), kernel.group)),
      width(weight.size(3)),
      rows(rows_at_once(weight.size(2), row_stride, kernel.group)),
      requantization(r.padded(round_up(weight.size(0), kernel.block))) {
  const int64_t blocks = ceil_div(channels, kernel.block), taps = weight.numel() / channels;
  const bool codes = kernel.group == DepthwiseKernel::kElement;
  packed = Tensor::zeros({blocks, row_groups, width, rows, kernel.block, kernel.group}, codes ? DType::i8 : DType::i16);
  if (codes)
    pack<int8_t>(weight, row_stride, kernel, *this);
  else
    pack<int16_t>(weight, row_stride, kernel, *this);
  for (int64_t c = 0; c < channels; ++c) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < taps; ++i) sum += static_cast<uint32_t>(weight.data<int8_t>()[c * taps + i]);
    auto& bias = requantization.bias_i32[static_cast<size_t>(c)];
    bias = static_cast<int32_t>(static_cast<uint32_t>(bias) - static_cast<uint32_t>(input_zero_point) * sum);
  }
  reorder(requantization.bias_i32, kernel);
  reorder(requantization.bias_f32, kernel);
  reorder(requantization.multiplier, kernel);
}

}  // namespace octet::ops::cpu
