#include "quant/qat/fused_moving_avg_obs_fake_quantize.h"

#include <limits>

#include "quant/observers/min_max.h"

namespace octet::quant {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

FusedMovingAvgObsFakeQuantize::FusedMovingAvgObsFakeQuantize(const ObserverChoice& choice, int64_t channels)
    : choice_(choice), fake_quant_enabled_(make_switch(DType::i64)), observer_enabled_(make_switch(DType::i64)) {
  OCTET_CHECK(choice.kind == "MovingAverageMinMaxObserver", "quantization-aware training observes with ",
              "MovingAverageMinMaxObserver, not ", choice.kind);
  check_spec(choice.spec);
  const Shape one_each = {channels}, range = choice.per_channel ? one_each : Shape{};
  scale_ = nn::Value(Tensor::full(one_each, 1));
  zero_point_ = nn::Value(Tensor::zeros(one_each, DType::i32));
  eps_ = nn::Value(Tensor::full({1}, kEps));
  min_val_ = nn::Value(Tensor::full(range, kInfinity));
  max_val_ = nn::Value(Tensor::full(range, -kInfinity));
}

std::vector<nn::NamedValue> FusedMovingAvgObsFakeQuantize::buffers() const {
  return {{"fake_quant_enabled", fake_quant_enabled_},
          {"observer_enabled", observer_enabled_},
          {"scale", scale_},
          {"zero_point", zero_point_},
          {"activation_post_process.eps", eps_},
          {"activation_post_process.min_val", min_val_},
          {"activation_post_process.max_val", max_val_}};
}

void FusedMovingAvgObsFakeQuantize::enable_observer(bool enabled) { set(observer_enabled_, enabled); }
void FusedMovingAvgObsFakeQuantize::enable_fake_quant(bool enabled) { set(fake_quant_enabled_, enabled); }
bool FusedMovingAvgObsFakeQuantize::observer_enabled() const { return is_on(observer_enabled_); }

void FusedMovingAvgObsFakeQuantize::observe(const Tensor& x) {
  Tensor scale = scale_.tensor(), zero_point = zero_point_.tensor(), min = min_val_.tensor(), max = max_val_.tensor();
  const int64_t channels = scale.numel();
  OCTET_CHECK(!choice_.per_channel || (x.dim() > 0 && x.size(0) == channels), "FusedMovingAvgObsFakeQuantize: shape ", x.shape(),
              " for ", channels, " channels");
  const std::vector<MinMax> of_channels = min_max_of_slices(x, channels);
  for (int64_t k = 0; k < channels; ++k) {
    const MinMax& seen = of_channels[static_cast<size_t>(k)];
    OCTET_CHECK(!seen.has_nan, "FusedMovingAvgObsFakeQuantize: NaN in a tensor of shape ", x.shape());
    const auto follow = [&](float& average, float value) {
      average = std::isinf(average) ? value : average + choice_.averaging_constant * (value - average);
    };
    follow(min.data<float>()[k], seen.min);
    follow(max.data<float>()[k], seen.max);
    if (!is_on(fake_quant_enabled_)) continue;
    const QParams q = fused_qparams(min.data<float>()[k], max.data<float>()[k], choice_.spec);
    scale.data<float>()[k] = q.scale;
    zero_point.data<int32_t>()[k] = q.zero_point;
  }
}

nn::Value FusedMovingAvgObsFakeQuantize::forward(const nn::Value& x) {
  if (observer_enabled() && x.tensor().numel() > 0) observe(x.tensor());
  if (!is_on(fake_quant_enabled_)) return x;
  return nn::functional::fake_quantize(x, qparams(), choice_.spec.range());
}

std::vector<QParams> FusedMovingAvgObsFakeQuantize::qparams() const {
  std::vector<QParams> all;
  for (int64_t k = 0; k < scale_.tensor().numel(); ++k)
    all.push_back({scale_.tensor().data<float>()[k], zero_point_.tensor().data<int32_t>()[k]});
  return all;
}

std::vector<std::shared_ptr<MovingAverageMinMaxObserver>> FusedMovingAvgObsFakeQuantize::observers() const {
  std::vector<std::shared_ptr<MovingAverageMinMaxObserver>> all;
  for (int64_t k = 0; k < scale_.tensor().numel(); ++k) {
    all.push_back(std::make_shared<MovingAverageMinMaxObserver>(choice_.spec, choice_.averaging_constant));
    all.back()->restore(min_val_.tensor().data<float>()[k], max_val_.tensor().data<float>()[k]);
  }
  return all;
}

std::string FusedMovingAvgObsFakeQuantize::to_string() const {
  const Tensor &scale = scale_.tensor(), &zero_point = zero_point_.tensor();
  if (choice_.per_channel) return str("FusedMovingAvgObsFakeQuantize(channels=", scale.numel(), ")");
  return str("FusedMovingAvgObsFakeQuantize(scale=", scale.data<float>()[0], ", zero_point=", zero_point.data<int32_t>()[0], ")");
}

}  // namespace octet::quant
