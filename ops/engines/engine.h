// An engine is one table of rules: how int8 arithmetic rounds, as one of PyTorch's engines does it. Everything else asks the
// rules and never the engine, so that a new engine is a name here and one case in engine.cpp, which the compiler asks for.
//
//   engine     convolution      linear              addition      PyTorch: torch.backends.quantized.engine
//   qnnpack    int32 bias       int32 bias          fixed point   "qnnpack"
//   fbgemm     float bias       float bias          real          "fbgemm", and "x86" on a CPU without VNNI
//   onednn     real             real, sw twice      real          "onednn"
//   x86_vnni   real *           float bias          real          "x86" on a CPU with VNNI
// * float bias where there are more than 100 groups, or an output_padding. (ATen/native/quantized/cpu/OnednnUtils.h, should_use_onednn_quant)
// The formulas are in ops/engines/requantize.h, ops/int8/add.h and ops/int8/pool.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace octet::ops::int8 {

enum class Engine { qnnpack, fbgemm, onednn, x86_vnni };
constexpr Engine kEngines[] = {Engine::qnnpack, Engine::fbgemm, Engine::onednn, Engine::x86_vnni};

/// From an int32 sum to a code.
enum class LayerRule {
  int32_bias,     // the bias is rounded to the sum's steps, and the sum is scaled once
  float_bias,     // the bias is added in the sum's steps as a float, and the sum is scaled once
  real,           // the sum becomes a real number, step by step, and that is quantized
  real_sw_twice,  // the same, the reciprocal of the weights' scale taken twice
};

/// From two codes to the code of their sum.
enum class AdditionRule { fixed_point, real };

/// What the average of n codes is multiplied by, where all windows have one size; elsewhere it is 1 / n.
enum class AverageFactor {
  of_a_layer,  // scale / (scale * n)
  reciprocal,  // 1 / n
};

/// The mean over space, torch.mean(x, [2, 3]).
enum class MeanRule {
  of_codes,  // as qnnpack's average of the same window
  of_reals,  // codes become real numbers, these are added in torch.mean's order, and their mean is quantized
};

/// Where a table of codes, made by quantizing reals, has its zero point added.
enum class TableRule {
  after_rounding,   // rne(v / sy) + zy
  before_rounding,  // rne(v / sy + zy)
};

/// softmax over channels (ops/softmax.h).
enum class SoftmaxRule { of_whole_numbers, of_reals };

struct EngineRules {
  std::string_view name;
  LayerRule conv2d;
  LayerRule conv2d_in_many_groups;  // more than kManyGroups
  LayerRule linear;
  AdditionRule addition;
  AverageFactor average;
  MeanRule mean;
  TableRule hardswish;
  SoftmaxRule softmax;
  Engine output_padded;  // whose rule a transposed convolution with output_padding has
  bool keeps_zero_bias;  // PyTorch's state_dict has a bias of zeros where a layer has none
};
constexpr int64_t kManyGroups = 100;

/// Throws Error for a number that is no engine.
const EngineRules& rules_of(Engine engine);

std::string_view name_of(Engine engine);
/// Nothing, if there is no engine of that name.
std::optional<Engine> engine_named(std::string_view name);

LayerRule conv2d_rule(Engine engine, int64_t groups);
bool has_int32_bias(LayerRule rule);

}  // namespace octet::ops::int8
