// The table of ops/engines/engine.h.
#include "ops/engines/engine.h"

#include <algorithm>

#include "tensor/error.h"

namespace octet::ops::int8 {
namespace {

constexpr EngineRules kQnnpack{.name = "qnnpack",
                               .conv2d = LayerRule::int32_bias,
                               .conv2d_in_many_groups = LayerRule::int32_bias,
                               .linear = LayerRule::int32_bias,
                               .addition = AdditionRule::fixed_point,
                               .average = AverageFactor::of_a_layer,
                               .mean = MeanRule::of_codes,
                               .hardswish = TableRule::before_rounding,
                               .softmax = SoftmaxRule::of_whole_numbers,
                               .output_padded = Engine::qnnpack,
                               .keeps_zero_bias = true};
constexpr EngineRules kFbgemm{.name = "fbgemm",
                              .conv2d = LayerRule::float_bias,
                              .conv2d_in_many_groups = LayerRule::float_bias,
                              .linear = LayerRule::float_bias,
                              .addition = AdditionRule::real,
                              .average = AverageFactor::reciprocal,
                              .mean = MeanRule::of_reals,
                              .hardswish = TableRule::after_rounding,
                              .softmax = SoftmaxRule::of_reals,
                              .output_padded = Engine::fbgemm,
                              .keeps_zero_bias = false};
constexpr EngineRules kOnednn{.name = "onednn",
                              .conv2d = LayerRule::real,
                              .conv2d_in_many_groups = LayerRule::real,
                              .linear = LayerRule::real_sw_twice,
                              .addition = AdditionRule::real,
                              .average = AverageFactor::reciprocal,
                              .mean = MeanRule::of_reals,
                              .hardswish = TableRule::after_rounding,
                              .softmax = SoftmaxRule::of_reals,
                              .output_padded = Engine::onednn,
                              .keeps_zero_bias = false};
constexpr EngineRules kX86Vnni{.name = "x86_vnni",
                               .conv2d = LayerRule::real,
                               .conv2d_in_many_groups = LayerRule::float_bias,
                               .linear = LayerRule::float_bias,
                               .addition = AdditionRule::real,
                               .average = AverageFactor::reciprocal,
                               .mean = MeanRule::of_reals,
                               .hardswish = TableRule::after_rounding,
                               .softmax = SoftmaxRule::of_reals,
                               .output_padded = Engine::fbgemm,
                               .keeps_zero_bias = false};

}  // namespace

const EngineRules& rules_of(Engine engine) {
  switch (engine) {  // no default: the compiler asks for an engine that is left out
    case Engine::qnnpack:
      return kQnnpack;
    case Engine::fbgemm:
      return kFbgemm;
    case Engine::onednn:
      return kOnednn;
    case Engine::x86_vnni:
      return kX86Vnni;
  }
  fail("no engine has the number ", static_cast<int>(engine));
}

std::string_view name_of(Engine engine) { return rules_of(engine).name; }

std::optional<Engine> engine_named(std::string_view name) {
  const auto* found = std::ranges::find(kEngines, name, [](Engine engine) { return name_of(engine); });
  return found == std::end(kEngines) ? std::nullopt : std::optional(*found);
}

LayerRule conv2d_rule(Engine engine, int64_t groups) {
  const EngineRules& rules = rules_of(engine);
  return groups > kManyGroups ? rules.conv2d_in_many_groups : rules.conv2d;
}

bool has_int32_bias(LayerRule rule) {
  switch (rule) {
    case LayerRule::int32_bias:
      return true;
    case LayerRule::float_bias:
    case LayerRule::real:
    case LayerRule::real_sw_twice:
      return false;
  }
  fail("no rule has the number ", static_cast<int>(rule));
}

}  // namespace octet::ops::int8
