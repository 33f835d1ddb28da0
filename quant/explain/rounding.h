// The end of every int8 op: from a sum or a real number to a code, as each rule of an engine rounds it, step by step.
//
// It says the same as ops/engines/requantize.h, which makes constants of it for kernels; it shares no code with that.
#pragma once

#include "ops/engines/quantized_layer.h"
#include "ops/engines/round.h"
#include "quant/explain/story.h"

namespace octet::quant {

/// clamp(rne(v) + zero_point, low, high): a real number in steps of its scale becomes a code.
int32_t code_of_steps(float v, int32_t zero_point, ops::int8::CodeRange range, const Story& story);
/// clamp(rne(x * (1/scale)) + zero_point, 0, 255)
int32_t code_of_real(float x, ops::int8::QParams to, const Story& story);

/// The sum of a layer's products, of output channel k of `channels`, to its code:
///
///   int32_bias      rne((acc + rne(b * (1/(sx*sw)))) * ((sw*sx) * (1/sy))) + zy
///   float_bias      rne((acc + b / (sx*sw)) * ((sx*sw) / sy)) + zy;  where one scale is for several channels: fma(b, 1/(sx*sw), acc)
///   real            rne((acc * (1/(1/sx)) * sw + b) * (1/sy) + zy)
///   real_sw_twice   the same with 1/(1/sw) for sw
/// clamped to zy..255 with relu, else to 0..255. rne rounds half to even; every sum and product is rounded to float32, an fma once.
int32_t code_of_sum(int32_t acc, const ops::int8::QuantizedLayer& layer, ops::int8::LayerRule rule, int64_t k, int64_t channels,
                    const Story& story);

}  // namespace octet::quant
