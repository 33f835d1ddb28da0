#include "ops/cpu/qconv.h"

#include "ops/cpu/qgemm.h"

namespace octet::ops::cpu {
namespace {

template <class T>
void pack(const Tensor& weight, const ConvKernel& kernel, ConvWeights& w) {
  const int64_t C = weight.size(1), S = weight.size(3), strip = kernel.strip, group = kernel.group;
  const int8_t* from = weight.data<int8_t>();
  T* to = w.strips.data<T>();
  for (int64_t k = 0; k < w.outputs; ++k)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t h = 0; h < w.rows; ++h)
        for (int64_t s = 0; s < S; ++s) {
          const int64_t i = s * C + c;  // in the run
          to[k / strip * w.rows * w.run * strip + (h * w.run + i / group * group) * strip + k % strip * group + i % group] =
              *from++;
        }
}

}  // namespace

ConvWeights::ConvWeights(const Tensor& weight, int32_t input_zero_point, const int8::Requantization& r, const ConvKernel& kernel)
    : outputs(weight.size(0)),
      rows(weight.size(2)),
      run((weight.size(1) * weight.size(3) + kernel.group - 1) / kernel.group * kernel.group),
      requantization(r.padded((outputs + kernel.strip - 1) / kernel.strip * kernel.strip)) {
  const int64_t depth = weight.numel() / outputs, count = (outputs + kernel.strip - 1) / kernel.strip;
  check_depth(depth);
  const bool codes = kernel.values == DType::u8;
  strips = Tensor::zeros({count, rows, run / kernel.group, kernel.strip, kernel.group}, codes ? DType::i8 : DType::i16);
  if (codes)
    pack<int8_t>(weight, kernel, *this);
  else
    pack<int16_t>(weight, kernel, *this);
  for (int64_t k = 0; codes && k < outputs; ++k) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < depth; ++i) sum += static_cast<uint32_t>(weight.data<int8_t>()[k * depth + i]);
    auto& bias = requantization.bias_i32[static_cast<size_t>(k)];
    bias = static_cast<int32_t>(static_cast<uint32_t>(bias) - static_cast<uint32_t>(input_zero_point) * sum);
  }
}

}  // namespace octet::ops::cpu
