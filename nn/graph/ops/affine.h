// affine: a value and a constant that is no layer's: x + c, x - c, c - x, x * c, x / c. What a network's own code does with a number, or with a
// buffer or parameter that has one number for each channel. A number that is added or multiplied has an int8 form, with the relu behind it:
// ops/int8/scalar.h. The others stay float, as in FX. torch.ops.quantized.add, mul.
//   [N, C] or [N, C, H, W]; constant: one number, or C in any shape, such as [1, C, 1, 1]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/batch_norm.h"
#include "ops/int8/scalar.h"

namespace octet::nn::op {

enum class AffineKind : int64_t { add, subtract, subtract_from, multiply, divide };
constexpr const char* kAffineKinds[] = {"add", "sub", "rsub", "mul", "truediv"};  // as torch.fx calls them

struct QuantizedAffine {
  bool multiplies = false;
  double number = 0;
  bool relu = false;
  QParams input;

  static constexpr Info kInfo{.name = "quantized_affine",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::derived,
                              .layout = Layout::any};
  void fields(auto&& visit) {
    visit("multiplies", multiplies);
    visit("number", number);
    visit("relu", relu);
    visit("input", input);
  }
  Description describe(const Parameters&) const {
    return {str("QuantizedAffine", relu ? "ReLU" : ""), str(multiplies ? "mul" : "add", ", ", number)};
  }
  ops::int8::ScalarCodes codes() const {
    return ops::int8::scalar_codes(multiplies ? ops::int8::ScalarKind::multiply : ops::int8::ScalarKind::add, number, relu,
                                   input);
  }
  Tensor run(const Inputs& in) const { return ops::int8::lookup(in[0], codes().table); }
  QParams output() const { return codes().output; }
  std::vector<QParams> made_for() const { return {input}; }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Affine {
  AffineKind kind = AffineKind::add;
  bool is_number = false;  // of the network's code, not a buffer or parameter
  double number = 0;       // then it, as it is written; "constant" holds it as float32

  static constexpr Info kInfo{.name = "affine",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::derived,
                              .layout = Layout::planes,
                              .shares_observer = true,
                              .takes_relu = true,
                              .parameters = {"constant"}};
  void fields(auto&& visit) {
    auto code = static_cast<int64_t>(kind);
    visit("operation", code, int64_t{0}, int64_t{4});
    kind = static_cast<AffineKind>(code);
    visit.unless("is_number", is_number, false);
    if (is_number) visit("number", number);
  }
  Description describe(const Parameters& p) const {
    return {"Affine", str(kAffineKinds[static_cast<size_t>(kind)], ", ", p.at("constant").shape())};
  }
  /// x * weight + bias, [C] each, in batch norm's arithmetic with mean 0 and variance 1.
  ops::BatchNormParams params(const Tensor& x, const Tensor& constant) const {
    OCTET_CHECK(x.dim() >= 2 && (constant.numel() == 1 || constant.numel() == x.size(1)), "affine: a constant ", constant.shape(),
                " for ", x.shape(), ", expected one number, or one for each channel");
    const Tensor c = constant.to(Device::cpu);
    Tensor weight({x.size(1)}), bias({x.size(1)});
    for (int64_t i = 0; i < x.size(1); ++i) {
      const auto [factor, summand] = of(c.data<float>()[c.numel() == 1 ? 0 : i]);
      weight.data<float>()[i] = factor, bias.data<float>()[i] = summand;
    }
    const Tensor zeros = Tensor::zeros(weight.shape()), ones = Tensor::full(weight.shape(), 1);
    const auto there = [&](const Tensor& t) { return t.to(x.device()); };
    return {there(weight), there(bias), there(zeros), there(ones), 0};
  }
  Tensor run(const Inputs& in) const { return ops::batch_norm(in[0], params(in[0], in.parameter("constant"))); }
  bool has_int8_form() const { return is_number && (kind == AffineKind::add || kind == AffineKind::multiply); }
  QuantizedAffine to_int8(const Int8Form& form) const { return {kind == AffineKind::multiply, number, form.relu, form.in[0]}; }

 private:
  std::pair<float, float> of(float c) const {
    switch (kind) {
      case AffineKind::add:
        return {1.0f, c};
      case AffineKind::subtract:
        return {1.0f, -c};
      case AffineKind::subtract_from:
        return {-1.0f, c};
      case AffineKind::multiply:
        return {c, 0.0f};
      case AffineKind::divide:
        return {1 / c, 0.0f};
    }
    fail("affine: no kind has the number ", static_cast<int64_t>(kind));
  }
};

}  // namespace octet::nn::op
