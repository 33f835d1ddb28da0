#include "ops/int8/conv2d.h"

#include <omp.h>

#include "ops/conv/conv2d.h"
#include "ops/conv/dilation.h"
#include "ops/cpu/isa.h"
#include "ops/int8/elementwise.h"
#include "ops/support/integers.h"

namespace octet::ops::int8 {
namespace {

/// Tiles from which on Winograd's transformed weights, eight times the plain ones, are worth reading; and pixels of four tiles
/// from which on it is worth transforming them again each time. As measured on ResNet18 (bench/RESULTS.md).
constexpr int64_t kWorthwhileTiles = 12, kWorthwhilePixels = 40;

Conv2dParams checked(Conv2dParams p) {
  const Tensor& w = p.weight;
  OCTET_CHECK(w.dim() == 4 && w.numel() > 0 && w.dtype() == DType::qint8,
              "int8 conv2d: expected weight qint8 [K, C/G, R, S], got ", w.dtype(), " ", w.shape());
  check_qparams(p.input, DType::quint8, "int8 conv2d input");
  check_qparams(p.output, DType::quint8, "int8 conv2d output");
  const int64_t groups = p.options.groups;
  OCTET_CHECK(groups > 0 && w.size(0) % groups == 0, "int8 conv2d: ", w.size(0), " output channels in ", groups, " groups");
  cpu::check_depth(w.numel() / w.size(0));
  return p;
}

/// The convolution of a dilated one's phases; null where there is no dilation.
std::shared_ptr<const Conv2d> of_phases(const Conv2dParams& p) {
  if (p.options.dilation == Size2(1)) return nullptr;
  Conv2dParams phases = p;
  phases.options = options_of_phases(p.options, {p.weight.size(2), p.weight.size(3)});
  phases.choices.clear();
  return std::make_shared<const Conv2d>(std::move(phases));
}

}  // namespace

Conv2d::Conv2d(Conv2dParams params)
    : params_(checked(std::move(params))),
      requantization_(params_, conv2d_rule(params_.engine, params_.options.groups)),
      of_phases_(of_phases(params_)),
      winograd_applies_(cpu::active_isa().worthwhile.winograd &&
                        WinogradConv2d::applies(params_.weight, params_.options, params_.input.zero_point, requantization_)),
      stays_in_int32_(requantization_.stays_in_int32(params_.weight)) {}

const char* name_of(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::im2col:
      return "im2col";
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::winograd:
      return "winograd";
    case ConvAlgorithm::winograd_fused:
      return "winograd_fused";
    case ConvAlgorithm::depthwise:
      return "depthwise";
  }
  return "";
}

bool Conv2d::has(ConvAlgorithm algorithm, const Shape& x) const {
  if (of_phases_) return of_phases_->has(algorithm, largest_phases(x, shape_of(x)));
  switch (algorithm) {
    case ConvAlgorithm::im2col:
      return true;
    case ConvAlgorithm::direct:
      return DirectConv2d::worthwhile() && stays_in_int32_;
    case ConvAlgorithm::winograd:
      return winograd_applies_;
    case ConvAlgorithm::winograd_fused:
      return winograd_applies_ && WinogradConv2d::plain_weights_worthwhile() &&
             WinogradConv2d::tiles(x.at(0), shape_of(x)) <= WinogradConv2d::kMostTiles;
    case ConvAlgorithm::depthwise:
      return DepthwiseConv2d::applies(params_.weight, params_.options) && stays_in_int32_;
  }
  return false;
}

ConvChoice choice_here(const Shape& x, ConvAlgorithm algorithm) {
  return {cpu::active_isa().name, omp_get_max_threads(), x.at(0), x.at(1), x.at(2), algorithm};
}

ConvAlgorithm Conv2d::algorithm(const Shape& x) const {
  if (!params_.choices.empty()) {
    const ConvChoice here = choice_here(x, ConvAlgorithm::direct);
    for (const ConvChoice& choice : params_.choices)
      if (choice.is_for(here) && has(choice.algorithm, x)) return choice.algorithm;
  }
  if (of_phases_) return of_phases_->algorithm(largest_phases(x, shape_of(x)));
  if (has(ConvAlgorithm::depthwise, x)) return ConvAlgorithm::depthwise;
  const Im2colShape shape = shape_of(x);
  const int64_t tiles = WinogradConv2d::tiles(x[0], shape);
  if (winograd_applies_ && tiles >= kWorthwhileTiles) return ConvAlgorithm::winograd;
  if (has(ConvAlgorithm::winograd_fused, x) &&
      x[0] * shape.cols() >= kWorthwhilePixels * ceil_div(tiles, cpu::WinogradFused::kTiles))
    return ConvAlgorithm::winograd_fused;
  return has(ConvAlgorithm::direct, x) ? ConvAlgorithm::direct : ConvAlgorithm::im2col;
}

Im2colShape Conv2d::shape_of(const Shape& x) const {
  OCTET_CHECK(x.size() == 4, "int8 conv2d: expected input quint8 [N, H, W, C], got ", x);
  return conv2d_shape({x[0], x[3], x[1], x[2]}, params_.weight.shape(), params_.options);
}

Tensor Conv2d::operator()(const Tensor& x, const Addition& addition, const Tensor& other) const {
  const Im2colShape s = shape_of(x.shape());
  const Shape y{x.size(0), s.out_height, s.out_width, params_.weight.size(0)};
  OCTET_CHECK(other.shape() == y && other.dtype() == DType::quint8, "int8 conv2d: cannot add ", other.dtype(), " ", other.shape(),
              " to an output ", y);
  check_same_device("int8 conv2d and its addend", {&x, &other});
  return run(x, {&addition, other.on_cuda() ? other.cuda_data<uint8_t>() : other.data<uint8_t>()});
}

Tensor Conv2d::operator()(const Tensor& x, CodeRange range) const {
  OCTET_CHECK(0 <= range.qmin && range.qmin <= range.qmax && range.qmax <= 255, "int8 conv2d: clamp from ", range.qmin, " to ",
              range.qmax, ", expected codes of 0..255, the lower one first");
  if (x.on_cuda()) return clamp(run(x, {}), range.qmin, range.qmax);
  return run(x, {.clamp = range});
}

Tensor Conv2d::run(const Tensor& x, const FollowUp& follow_up) const {
  OCTET_CHECK(x.dtype() == DType::quint8, "int8 conv2d: expected input quint8 [N, H, W, C], got ", x.dtype(), " ", x.shape());
  const Im2colShape shape = shape_of(x.shape());
  if (x.on_cuda()) return run_on_cuda(x, shape, follow_up);
  if (x.numel() == 0) return Tensor({x.size(0), shape.out_height, shape.out_width, params_.weight.size(0)}, DType::quint8);
  if (of_phases_) return run_in_phases(x, shape, follow_up);
  return run_as(algorithm(x.shape()), x, shape, follow_up);
}

Tensor Conv2d::run_in_phases(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up) const {
  const ConvAlgorithm way = algorithm(x.shape());
  Tensor y({x.size(0), shape.out_height, shape.out_width, params_.weight.size(0)}, DType::quint8);
  convolve_in_phases(x, shape, static_cast<uint8_t>(params_.input.zero_point), y, [&](const Tensor& images) {
    return of_phases_->run_as(way, images, of_phases_->shape_of(images.shape()), {});
  });
  const int64_t row = y.numel() / (y.size(0) * y.size(1));
#pragma omp parallel for
  for (int64_t i = 0; i < y.size(0) * y.size(1); ++i) follow_up.apply_to(y.data<uint8_t>(), i * row, {1, row, row});
  return y;
}

Tensor Conv2d::run_as(ConvAlgorithm way, const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up) const {
  const Tensor& w = params_.weight;
  const int32_t zero_point = params_.input.zero_point;
  using Weights = WinogradConv2d::Weights;
  switch (way) {
    case ConvAlgorithm::winograd:
      return winograd_.get([&] { return WinogradConv2d(Weights::transformed, w, zero_point, requantization_); })(x, shape,
                                                                                                                 follow_up);
    case ConvAlgorithm::winograd_fused:
      return winograd_fused_.get([&] { return WinogradConv2d(Weights::plain, w, zero_point, requantization_); })(x, shape,
                                                                                                                 follow_up);
    case ConvAlgorithm::direct:
      return direct_.get([&] { return DirectConv2d(w, params_.options.groups, zero_point, requantization_); })(x, shape,
                                                                                                               follow_up);
    case ConvAlgorithm::depthwise:
      return depthwise_.get([&] { return DepthwiseConv2d(w, params_.options.stride, zero_point, requantization_); })(x, shape,
                                                                                                                     follow_up);
    case ConvAlgorithm::im2col:
      break;
  }
  return im2col_.get([&] { return Im2colConv2d(w, params_.options.groups, zero_point, requantization_); })(x, shape, follow_up);
}

Tensor Conv2d::run_on_cuda(const Tensor& x, const Im2colShape& s, const FollowUp& follow_up) const {
  Tensor y({x.size(0), s.out_height, s.out_width, params_.weight.size(0)}, DType::quint8, Device::cuda);
  on_cuda_.get([&] { return cuda::Int8Conv2d(params_.weight, params_.options, params_.input.zero_point, requantization_); })(
      x, s, follow_up.on_device(), y);
  return y;
}

}  // namespace octet::ops::int8
