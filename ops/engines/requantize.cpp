#include "ops/engines/requantize.h"

#include <algorithm>
#include <cmath>

namespace octet::ops::int8 {
namespace {

/// rne(b), at the ends of int32 where it lies beyond. PyTorch rounds to an int64 first, which from 2^63 on becomes the lowest.
int32_t bias_codes(float b) {
  const double rounded = std::nearbyint(static_cast<double>(b));
  if (rounded >= 0x1p63) return INT32_MIN;
  return static_cast<int32_t>(std::clamp(rounded, -0x1p31, 0x1p31 - 1));
}

}  // namespace

Requantization::Requantization(Engine engine, QParams input, const std::vector<float>& weight_scale, QParams output,
                               const Tensor& bias, bool relu, int64_t out_channels)
    : zero_point(output.zero_point), range{relu ? output.zero_point : 0, 255} {
  OCTET_CHECK(weight_scale.size() == 1 || static_cast<int64_t>(weight_scale.size()) == out_channels,
              "requantize: ", weight_scale.size(), " weight scales for ", out_channels,
              " output channels: expected 1 or one per channel");
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{out_channels}, "requantize: bias ", bias.shape(), " for ", out_channels,
              " output channels");
  const bool one_scale = weight_scale.size() == 1 && out_channels > 1;
  if (engine == Engine::fbgemm && one_scale) bias_factor = 1.0f / (input.scale * weight_scale[0]);
  for (int64_t k = 0; k < out_channels; ++k) {
    const float sw = scale_of(weight_scale, k);
    const float acc_scale = input.scale * sw;
    OCTET_CHECK(std::isfinite(sw) && sw > 0 && acc_scale > 0 && std::isfinite(1.0f / acc_scale), "requantize: weight scale ", sw,
                " of output channel ", k, " is not a positive finite number that an input scale of ", input.scale,
                " keeps above 0");
    const float b = bias.defined() ? bias.data<float>()[k] : 0.0f;
    if (engine == Engine::qnnpack) {
      bias_i32.push_back(bias_codes(b * (1.0f / acc_scale)));
      bias_f32.push_back(0.0f);
      multiplier.push_back(acc_scale * (1.0f / output.scale));
    } else {
      bias_i32.push_back(0);
      bias_f32.push_back(one_scale ? b : b / acc_scale);
      multiplier.push_back(acc_scale / output.scale);
    }
  }
}

Requantization Requantization::padded(int64_t outputs) const {
  Requantization r = *this;
  const auto size = static_cast<size_t>(outputs);
  r.bias_i32.resize(size);
  r.multiplier.resize(size);
  r.bias_f32.resize(std::ranges::all_of(bias_f32, [](float b) { return b == 0.0f; }) ? 0 : size);
  return r;
}

void requantize(const int32_t* acc, const Requantization& r, int64_t first_channel, int64_t channels, uint8_t* y) {
  const int32_t* bias_i32 = r.bias_i32.data() + first_channel;
  const float *bias_f32 = r.bias_f32.data() + first_channel, *multiplier = r.multiplier.data() + first_channel;
  const float bias_factor = r.bias_factor;
  const int32_t zero_point = r.zero_point;
  const CodeRange range = r.range;
  const auto code = [=](int64_t k, float factor) {
    return requantize_value(acc[k], {bias_i32[k], bias_f32[k], factor, multiplier[k]}, zero_point, range);
  };
  if (bias_factor == 1.0f) {  // known to the loop, which then has no call of fmaf and is made of vectors
#pragma omp simd
    for (int64_t k = 0; k < channels; ++k) y[k] = code(k, 1.0f);
  } else {
    for (int64_t k = 0; k < channels; ++k) y[k] = code(k, bias_factor);
  }
}

}  // namespace octet::ops::int8
