// The constants of each rule, and the portable epilogue.
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

/// oneDNN inverts what PyTorch has inverted for it: for some numbers not the number itself.
float reciprocal_twice(float x) { return 1.0f / (1.0f / x); }

float bias_of(const QuantizedLayer& layer, int64_t k) { return layer.bias.defined() ? layer.bias.data<float>()[k] : 0.0f; }

void check_scale(const QuantizedLayer& layer, int64_t k) {
  const float sw = scale_of(layer.weight_scale, k), acc_scale = layer.input.scale * sw;
  OCTET_CHECK(std::isfinite(sw) && sw > 0 && acc_scale > 0 && std::isfinite(1.0f / acc_scale), "requantize: weight scale ", sw,
              " of output channel ", k, " is not a positive finite number that an input scale of ", layer.input.scale,
              " keeps above 0");
}

}  // namespace

Requantization::Requantization(const QuantizedLayer& layer, LayerRule rule)
    : zero_point(layer.output.zero_point), range{layer.relu ? layer.output.zero_point : 0, 255} {
  const int64_t K = layer.weight.size(0);
  OCTET_CHECK(layer.weight_scale.size() == 1 || static_cast<int64_t>(layer.weight_scale.size()) == K,
              "requantize: ", layer.weight_scale.size(), " weight scales for ", K,
              " output channels: expected 1 or one per channel");
  OCTET_CHECK(!layer.bias.defined() || layer.bias.shape() == Shape{K}, "requantize: bias ", layer.bias.shape(), " for ", K,
              " output channels");
  for (int64_t k = 0; k < K; ++k) {
    check_scale(layer, k);
    OCTET_CHECK(std::isfinite(bias_of(layer, k)), "requantize: bias ", bias_of(layer, k), " of output channel ", k,
                " is not a finite number");
    switch (rule) {
      case LayerRule::int32_bias:
      case LayerRule::float_bias:
        add_scaled_once(layer, rule, k);
        break;
      case LayerRule::real:
      case LayerRule::real_sw_twice:
        add_real(layer, rule, k);
        break;
    }
  }
}

void Requantization::add_scaled_once(const QuantizedLayer& layer, LayerRule rule, int64_t k) {
  const float acc_scale = layer.input.scale * scale_of(layer.weight_scale, k), b = bias_of(layer, k);
  if (has_int32_bias(rule)) {
    bias_i32.push_back(bias_codes(b * (1.0f / acc_scale)));
    bias_f32.push_back(0.0f);
    multiplier.push_back(acc_scale * (1.0f / layer.output.scale));
    return;
  }
  const bool one_scale = layer.weight_scale.size() == 1 && layer.weight.size(0) > 1;
  epilogue = Epilogue::float_bias;
  if (one_scale) bias_factor = 1.0f / acc_scale;
  bias_i32.push_back(0);
  bias_f32.push_back(one_scale ? b : b / acc_scale);
  multiplier.push_back(acc_scale / layer.output.scale);
}

void Requantization::add_real(const QuantizedLayer& layer, LayerRule rule, int64_t k) {
  const float sw = scale_of(layer.weight_scale, k);
  epilogue = Epilogue::real;
  scales = {.input = reciprocal_twice(layer.input.scale), .inverse_output = 1.0f / layer.output.scale};
  bias_i32.push_back(0);
  bias_f32.push_back(bias_of(layer, k));
  multiplier.push_back(rule == LayerRule::real_sw_twice ? reciprocal_twice(sw) : sw);
}

Requantization Requantization::padded(int64_t outputs) const {
  Requantization r = *this;
  const auto size = static_cast<size_t>(outputs);
  r.bias_i32.resize(size);
  r.multiplier.resize(size);
  if (epilogue == Epilogue::float_bias && std::ranges::all_of(bias_f32, [](float b) { return b == 0.0f; }))
    r.epilogue = Epilogue::int32_bias;
  r.bias_f32.resize(r.epilogue == Epilogue::int32_bias ? 0 : size);
  return r;
}

bool Requantization::stays_in_int32(const Tensor& weight) const {
  const int64_t K = weight.size(0), depth = weight.numel() / K;
  for (int64_t k = 0; k < K; ++k) {
    const auto i = static_cast<size_t>(k);
    int64_t magnitudes = 0;
    const int8_t* w = weight.data<int8_t>() + k * depth;
    for (int64_t d = 0; d < depth; ++d) magnitudes += std::abs(int32_t{w[d]});
    const double sum = 255 * static_cast<double>(magnitudes) + std::abs(static_cast<double>(bias_i32[i]));
    const double b = std::abs(static_cast<double>(bias_f32[i])), m = static_cast<double>(multiplier[i]);
    const double value =
        epilogue == Epilogue::real
            ? (sum * static_cast<double>(scales.input) * m + b) * static_cast<double>(scales.inverse_output) + 255
            : (sum + b * static_cast<double>(bias_factor)) * m;
    if (!(value < 0x1p30)) return false;
  }
  return true;
}

Requantization Requantization::part(int64_t first, int64_t count) const {
  Requantization r = *this;
  const auto keep = [&](auto& values) {
    const auto begin = values.begin() + first;
    values = {begin, begin + count};
  };
  keep(r.bias_i32);
  keep(r.bias_f32);
  keep(r.multiplier);
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
  if (r.epilogue == Epilogue::real) {
    const RealScales scales = r.scales;
#pragma omp simd
    for (int64_t k = 0; k < channels; ++k)
      y[k] = requantize_real(acc[k], {bias_i32[k], bias_f32[k], 1.0f, multiplier[k]}, scales, zero_point, range);
  } else if (bias_factor == 1.0f) {  // known to the loop, which then has no call of fmaf and is made of vectors
#pragma omp simd
    for (int64_t k = 0; k < channels; ++k) y[k] = code(k, 1.0f);
  } else {
    for (int64_t k = 0; k < channels; ++k) y[k] = code(k, bias_factor);
  }
}

}  // namespace octet::ops::int8
