#include "networks/onnx/int8_forms.h"

#include "nn/graph/ops.h"

#include <algorithm>
#include <cmath>

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;
using ops::Activation;
using ops::int8::QParams;
using Forms = std::optional<std::vector<nn::Op>>;

/// Functions of one value.
std::optional<Activation> function_of(const op::Relu&) { return Activation::relu; }
std::optional<Activation> function_of(const op::Relu6&) { return Activation::relu6; }
std::optional<Activation> function_of(const op::Hardtanh& o) { return Activation{Activation::hardtanh, o.low, o.high}; }
std::optional<Activation> function_of(const op::Sigmoid&) { return Activation::sigmoid; }
std::optional<Activation> function_of(const op::Tanh&) { return Activation::tanh; }
std::optional<Activation> function_of(const op::Hardsigmoid&) { return Activation::hardsigmoid; }
std::optional<Activation> function_of(const op::Silu&) { return Activation::silu; }
std::optional<Activation> function_of(const op::Gelu& o) { return o.by_tanh ? Activation::gelu_tanh : Activation::gelu; }
std::optional<Activation> function_of(const op::Elu& o) { return Activation{Activation::elu, o.alpha}; }
std::optional<Activation> function_of(const auto&) { return std::nullopt; }

/// The int8 codes (zero point 0) whose products with `scale` are these float weights. Returns nothing if there are none. The floats
/// may differ by a rounding, because factors of channels may have been multiplied in.
std::optional<op::LayerWeights> weights_of(const nn::Node& layer, const std::vector<float>& scale) {
  constexpr float kRounding = 1e-6f;
  const Tensor weight = layer.parameter("weight");
  const int64_t K = weight.size(0), row = K > 0 ? weight.numel() / K : 0;
  const bool of_channels = std::ssize(scale) == K && !nn::info(layer.op).one_weight_scale;
  if (scale.size() != 1 && !of_channels) return std::nullopt;
  if (!std::ranges::all_of(scale, [](float s) { return std::isfinite(s) && s > 0; })) return std::nullopt;
  const Tensor codes = ops::int8::quantize_weight(weight, scale);
  for (int64_t i = 0; i < weight.numel(); ++i) {
    const float value = weight.data<float>()[i];
    const float again = static_cast<float>(codes.data<int8_t>()[i]) * ops::int8::scale_of(scale, i / row);
    if (!(std::abs(again - value) <= kRounding * std::abs(value))) return std::nullopt;
  }
  return op::LayerWeights{codes, scale, layer.parameter("bias")};
}

template <class T>
constexpr bool kMovesValues =
    std::is_same_v<T, op::MaxPool2d> || std::is_same_v<T, op::Flatten> || std::is_same_v<T, op::View> ||
    std::is_same_v<T, op::Permute> || std::is_same_v<T, op::Contiguous> || std::is_same_v<T, op::Dropout>;

/// Averages whose result has another scale.
Forms average(const op::AdaptiveAvgPool2d& o, const op::Int8Form& form) {
  return {{op::QuantizedAdaptiveAvgPool2d{o.output_size, form.output, form.engine, form.in[0]}}};
}
Forms average(const op::AvgPool2d& o, const op::Int8Form& form) {
  return {{op::QuantizedAvgPool2d{o.options, form.output, form.engine, form.in[0]}}};
}
Forms average(const op::Mean& o, const op::Int8Form& form) {
  std::vector<nn::Op> forms = {op::QuantizedAdaptiveAvgPool2d{1, form.output, form.engine, form.in[0]}};
  if (!o.keepdim) forms.push_back(op::QuantizedFlatten{});
  return forms;
}
Forms average(const auto&, const op::Int8Form&) { return std::nullopt; }

/// An op whose codes keep their input's scale in FX.
template <class T>
Forms of_input_scale(const T& o, const op::Int8Form& form) {
  const QParams in = form.in.at(0);
  if constexpr (std::is_same_v<T, op::Cat>) return {{op::QuantizedCat{form.in, form.output}}};
  if (in == form.output) return {{o.to_int8(form)}};
  if (const auto function = function_of(o)) return {{op::QuantizedActivation{*function, in, form.output}}};
  if constexpr (kMovesValues<T>) return {{o.to_int8(form), rescaled(in, form.output)}};
  return average(o, form);
}

template <class T>
Forms forms_of(T o, const op::Int8Form& form) {
  if constexpr (!op::Quantizable<T>) {
    if (const auto function = function_of(o)) return {{op::QuantizedActivation{*function, form.in.at(0), form.output}}};
    return std::nullopt;
  } else {
    if constexpr (requires { o.relu; }) o.relu = o.relu || form.relu;
    if constexpr (requires { o.has_int8_form(); })
      if (!o.has_int8_form()) return std::nullopt;
    if (T::kInfo.scale.value == op::Scale::of_input) return of_input_scale(o, form);
    if (T::kInfo.scale.value == op::Scale::fixed && form.output != T::kInfo.fixed) {
      const auto function = function_of(o);
      return function ? Forms({op::QuantizedActivation{*function, form.in.at(0), form.output}}) : std::nullopt;
    }
    if constexpr (T::kInfo.scale.value == op::Scale::derived)
      if (o.to_int8(form).output() != form.output) return std::nullopt;
    return {{o.to_int8(form)}};
  }
}

/// A relu behind it can be part of it.
bool takes_relu(const nn::Op& call) {
  if (nn::is<op::ConvTranspose2d>(call)) return false;
  return nn::info(call).takes_relu || nn::info(call).has_weight || nn::is<op::BatchNorm>(call);
}

/// On codes; nothing, where it leaves all of them as they are.
std::optional<nn::Op> on_codes(const nn::Op& rest, QParams q) {
  const op::Int8Form form{.in = {q}, .output = q, .engine = {}};
  const auto unless = [](bool idle, nn::Op o) { return idle ? std::nullopt : std::optional(std::move(o)); };
  return nn::visit(
      [&]<class T>(const T& o) -> std::optional<nn::Op> {
        if constexpr (std::is_same_v<T, op::Relu>) return unless(q.zero_point == 0, o.to_int8(form));
        if constexpr (std::is_same_v<T, op::Relu6>)
          return unless(o.to_int8(form).zero_point == 0 && o.to_int8(form).six == 255, o.to_int8(form));
        if constexpr (std::is_same_v<T, op::Hardtanh>)
          return unless(o.to_int8(form).low_code == 0 && o.to_int8(form).high_code == 255, o.to_int8(form));
        if constexpr (kMovesValues<T>) return o.to_int8(form);
        fail("int8 form: neither a clamp nor what moves values");
      },
      rest);
}

}  // namespace

bool moves_values(const nn::Op& o) {
  return nn::visit([]<class T>(const T&) { return kMovesValues<T>; }, o);
}
bool is_clamp(const nn::Op& o) { return nn::is<op::Relu>(o) || nn::is<op::Relu6>(o) || nn::is<op::Hardtanh>(o); }

nn::Op rescaled(QParams from, QParams to) { return op::QuantizedCat{{from}, to}; }

std::optional<std::vector<nn::Op>> int8_forms(const nn::Node& call, const std::vector<float>& weight_scale, op::Int8Form form,
                                              std::span<const nn::Op> rest) {
  if (nn::info(call.op).has_weight) {
    auto weights = weights_of(call, weight_scale);
    if (!weights) return std::nullopt;
    form.weights = std::move(*weights);
  }
  form.relu = !rest.empty() && nn::is<op::Relu>(rest.front()) && takes_relu(call.op);
  Forms forms = nn::visit([&](const auto& o) { return forms_of(o, form); }, call.op);
  if (!forms) return std::nullopt;
  for (const nn::Op& behind : rest.subspan(form.relu ? 1 : 0))
    if (auto codes = on_codes(behind, form.output)) forms->push_back(std::move(*codes));
  return forms;
}

}  // namespace octet::networks::onnx
