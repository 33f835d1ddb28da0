// Activations: functions of one value. A new one is a struct and a line of the list here; float tensors on the CPU and on the
// device, training, and the tables of int8 codes take it from there.
//
//   value(x)              y
//   kSaved                what its gradient follows from: y, or x where y does not tell
//   gradient(dy, saved)   of x, from the gradient dy of y
// PyTorch counterparts: torch.nn.functional.relu, relu6, hardsigmoid, hardswish, silu, torch.sigmoid, tanh.
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

enum class Activation { relu, relu6, sigmoid, tanh, hardsigmoid, hardswish, silu };

/// Calls visit with the struct of `activation`.
template <class Visit>
auto with(Activation activation, Visit&& visit) {
  switch (activation) {
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
