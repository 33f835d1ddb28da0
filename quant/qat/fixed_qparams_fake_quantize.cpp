#include "quant/qat/fixed_qparams_fake_quantize.h"

namespace octet::quant {

FixedQParamsFakeQuantize::FixedQParamsFakeQuantize(const ObserverChoice& choice)
    : spec_(choice.spec), fake_quant_enabled_(make_switch(DType::u8)), observer_enabled_(make_switch(DType::u8)) {
  OCTET_CHECK(choice.kind == "FixedQParamsObserver", "FixedQParamsFakeQuantize observes with FixedQParamsObserver, not ",
              choice.kind);
  const auto [scale, zero_point] = choice.fixed;
  scale_ = nn::Value(Tensor::full({1}, scale));
  zero_point_ = nn::Value(Tensor::from<int32_t>({zero_point}, {1}, DType::i32));
  observers_scale_ = nn::Value(Tensor::full({1}, scale));
  observers_zero_point_ = nn::Value(Tensor::from<int64_t>({zero_point}, {1}, DType::i64));
}

std::vector<nn::NamedValue> FixedQParamsFakeQuantize::buffers() const {
  return {{"fake_quant_enabled", fake_quant_enabled_},
          {"observer_enabled", observer_enabled_},
          {"scale", scale_},
          {"zero_point", zero_point_},
          {"activation_post_process.scale", observers_scale_},
          {"activation_post_process.zero_point", observers_zero_point_}};
}

QParams FixedQParamsFakeQuantize::qparams() const {
  return {scale_.tensor().data<float>()[0], zero_point_.tensor().data<int32_t>()[0]};
}

nn::Value FixedQParamsFakeQuantize::forward(const nn::Value& x) {
  if (!is_on(fake_quant_enabled_)) return x;
  return nn::functional::fake_quantize(x, std::vector{qparams()}, spec_.range());
}

std::shared_ptr<Observer> FixedQParamsFakeQuantize::observer() const {
  return std::make_shared<FixedQParamsObserver>(spec_, qparams());
}

std::string FixedQParamsFakeQuantize::to_string() const {
  return str("FixedQParamsFakeQuantize(scale=", qparams().scale, ", zero_point=", qparams().zero_point, ")");
}

}  // namespace octet::quant
