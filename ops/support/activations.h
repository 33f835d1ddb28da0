// Activations: functions of one value. A new one is a struct and a line of the list here; float tensors on the CPU and on the
// device, training, and the tables of int8 codes take it from there.
//
//   value(x)              y
//   kSaved                what its gradient follows from: y, or x where y does not tell
//   gradient(dy, saved)   of x, from the gradient dy of y
// An activation with parameters has them as members.
// PyTorch counterparts: torch.nn.functional.relu, relu6, hardtanh, leaky_relu, elu, hardsigmoid, hardswish, silu,
// gelu, torch.sigmoid, tanh.
#pragma once

#include <cmath>

#include "tensor/host_device.h"

namespace octet::ops {

enum class Saved { result, input };

/// max(x, 0); NaN stays NaN.
struct Relu {
  static constexpr const char* kName = "relu";
  static constexpr Saved kSaved = Saved::result;
  OCTET_HD static float value(float x) { return x < 0.0f ? 0.0f : x; }
  OCTET_HD static float gradient(float dy, float y) { return y <= 0.0f ? 0.0f : dy; }
};

/// min(max(x, 0), 6); NaN stays NaN.
struct Relu6 {
  static constexpr const char* kName = "relu6";
  static constexpr Saved kSaved = Saved::result;
  OCTET_HD static float value(float x) {
    const float positive = x < 0.0f ? 0.0f : x;
    return positive > 6.0f ? 6.0f : positive;
  }
  OCTET_HD static float gradient(float dy, float y) { return y > 0.0f && y < 6.0f ? dy : 0.0f; }
};

/// 1 / (1 + exp(-x)), by float64, so that the CPU and the device agree.
struct Sigmoid {
  static constexpr const char* kName = "sigmoid";
  static constexpr Saved kSaved = Saved::result;
  OCTET_HD static float value(float x) { return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x)))); }
  OCTET_HD static float gradient(float dy, float y) { return dy * ((1.0f - y) * y); }
};

/// By float64, as the sigmoid.
struct Tanh {
  static constexpr const char* kName = "tanh";
  static constexpr Saved kSaved = Saved::result;
  OCTET_HD static float value(float x) { return static_cast<float>(std::tanh(static_cast<double>(x))); }
  OCTET_HD static float gradient(float dy, float y) { return dy * (1.0f - y * y); }
};

/// min(max(x + 3, 0), 6) / 6: a sigmoid of straight lines. (Searching for MobileNetV3, Howard et al. 2019)
struct Hardsigmoid {
  static constexpr const char* kName = "hardsigmoid";
  static constexpr Saved kSaved = Saved::result;
  OCTET_HD static float value(float x) { return Relu6::value(x + 3.0f) / 6.0f; }
  OCTET_HD static float gradient(float dy, float y) { return y > 0.0f && y < 1.0f ? dy / 6.0f : 0.0f; }
};

/// x * min(max(x + 3, 0), 6) / 6, from the same paper.
struct Hardswish {
  static constexpr const char* kName = "hardswish";
  static constexpr Saved kSaved = Saved::input;
  OCTET_HD static float value(float x) { return x * Relu6::value(x + 3.0f) / 6.0f; }
  OCTET_HD static float gradient(float dy, float x) {
    if (x <= -3.0f) return 0.0f;
    return x < 3.0f ? dy * (x / 3.0f + 0.5f) : dy;
  }
};

/// x / (1 + exp(-x)), also called swish. By float64, as the sigmoid.
struct Silu {
  static constexpr const char* kName = "silu";
  static constexpr Saved kSaved = Saved::input;
  OCTET_HD static float value(float x) { return static_cast<float>(x / (1.0 + std::exp(-static_cast<double>(x)))); }
  OCTET_HD static float gradient(float dy, float x) {
    const float s = Sigmoid::value(x);
    return dy * (s * (1.0f + x * (1.0f - s)));
  }
};

/// min(max(x, low), high); NaN stays NaN.
struct Hardtanh {
  float low, high;
  static constexpr const char* kName = "hardtanh";
  static constexpr Saved kSaved = Saved::result;
  OCTET_HD float value(float x) const {
    const float above = x < low ? low : x;
    return above > high ? high : above;
  }
  OCTET_HD float gradient(float dy, float y) const { return y > low && y < high ? dy : 0.0f; }
};

/// x where it is positive, slope * x elsewhere. (Rectifier Nonlinearities Improve Neural Network Acoustic Models, Maas et al. 2013)
struct LeakyRelu {
  float slope;
  static constexpr const char* kName = "leaky_relu";
  static constexpr Saved kSaved = Saved::input;
  OCTET_HD float value(float x) const { return x > 0.0f ? x : x * slope; }
  OCTET_HD float gradient(float dy, float x) const { return x > 0.0f ? dy : dy * slope; }
};

/// x where it is positive, alpha * (exp(x) - 1) elsewhere, by float64. (Clevert et al. 2015, arXiv:1511.07289)
struct Elu {
  float alpha;
  static constexpr const char* kName = "elu";
  static constexpr Saved kSaved = Saved::input;
  OCTET_HD float value(float x) const {
    return x > 0.0f ? x : static_cast<float>(static_cast<double>(alpha) * std::expm1(static_cast<double>(x)));
  }
  OCTET_HD float gradient(float dy, float x) const {
    return x > 0.0f ? dy : static_cast<float>(static_cast<double>(dy) * alpha * std::exp(static_cast<double>(x)));
  }
};

/// x * P(Z <= x) of a standard normal Z, by float64. (Gaussian Error Linear Units, Hendrycks and Gimpel 2016)
struct Gelu {
  static constexpr const char* kName = "gelu";
  static constexpr Saved kSaved = Saved::input;
  OCTET_HD static double cumulative(double x) { return 0.5 * (1.0 + std::erf(x * 0.70710678118654752440)); }
  OCTET_HD static float value(float x) { return static_cast<float>(x * cumulative(x)); }
  OCTET_HD static float gradient(float dy, float x) {
    const double v = x, density = std::exp(-0.5 * v * v) * 0.39894228040143267794;  // 1 / sqrt(2 pi)
    return static_cast<float>(dy * (cumulative(v) + v * density));
  }
};

/// The same paper's approximation: x * (1 + tanh(u)) / 2, u = sqrt(2 / pi) * (x + 0.044715 x^3). By float64.
struct GeluTanh {
  static constexpr const char* kName = "gelu_tanh";
  static constexpr Saved kSaved = Saved::input;
  static constexpr double kFactor = 0.79788456080286535588, kCubic = 0.044715;
  OCTET_HD static double inner(double x) { return std::tanh(kFactor * (x + kCubic * x * x * x)); }
  OCTET_HD static float value(float x) { return static_cast<float>(0.5 * x * (1.0 + inner(x))); }
  OCTET_HD static float gradient(float dy, float x) {
    const double v = x, t = inner(v), slope = kFactor * (1.0 + 3.0 * kCubic * v * v);
    return static_cast<float>(dy * 0.5 * (1.0 + t + v * (1.0 - t * t) * slope));
  }
};

/// Which activation, with its parameters in the order of its struct's members.
struct Activation {
  enum Kind { relu, relu6, sigmoid, tanh, hardsigmoid, hardswish, silu, gelu, gelu_tanh, hardtanh, leaky_relu, elu };
  static constexpr Kind kLast = elu;
  Kind kind;
  float a = 0, b = 0;

  Activation(Kind k, float first = 0, float second = 0) : kind(k), a(first), b(second) {}  // implicit: Activation::relu
  bool operator==(const Activation&) const = default;
};

/// Calls visit with the struct of `activation`.
template <class Visit>
auto with(Activation activation, Visit&& visit) {
  switch (activation.kind) {
    case Activation::relu:
      return visit(Relu{});
    case Activation::relu6:
      return visit(Relu6{});
    case Activation::sigmoid:
      return visit(Sigmoid{});
    case Activation::tanh:
      return visit(Tanh{});
    case Activation::hardsigmoid:
      return visit(Hardsigmoid{});
    case Activation::hardswish:
      return visit(Hardswish{});
    case Activation::silu:
      return visit(Silu{});
    case Activation::gelu:
      return visit(Gelu{});
    case Activation::gelu_tanh:
      return visit(GeluTanh{});
    case Activation::hardtanh:
      return visit(Hardtanh{activation.a, activation.b});
    case Activation::leaky_relu:
      return visit(LeakyRelu{activation.a});
    case Activation::elu:
      return visit(Elu{activation.a});
  }
  __builtin_unreachable();
}

inline const char* name_of(Activation activation) {
  return with(activation, [](auto f) { return f.kName; });
}
inline Saved saved_by(Activation activation) {
  return with(activation, [](auto f) { return f.kSaved; });
}

}  // namespace octet::ops
