// Activations: functions of one value whose gradient follows from their result. A new one is a struct and a line of the list here;
// float tensors on the CPU and on the device, training, and the tables of int8 codes take it from there.
//
//   value(x)          y
//   gradient(dy, y)   of x, from the gradient dy of y and y itself
// PyTorch counterparts: torch.nn.functional.relu, relu6, torch.sigmoid.
#pragma once

#include <cmath>

#include "tensor/host_device.h"

namespace octet::ops {

/// max(x, 0); NaN stays NaN.
struct Relu {
  static constexpr const char* kName = "relu";
  OCTET_HD static float value(float x) { return x < 0.0f ? 0.0f : x; }
  OCTET_HD static float gradient(float dy, float y) { return y <= 0.0f ? 0.0f : dy; }
};

/// min(max(x, 0), 6); NaN stays NaN.
struct Relu6 {
  static constexpr const char* kName = "relu6";
  OCTET_HD static float value(float x) {
    const float positive = x < 0.0f ? 0.0f : x;
    return positive > 6.0f ? 6.0f : positive;
  }
  OCTET_HD static float gradient(float dy, float y) { return y > 0.0f && y < 6.0f ? dy : 0.0f; }
};

/// 1 / (1 + exp(-x)), by float64, so that the CPU and the device agree.
struct Sigmoid {
  static constexpr const char* kName = "sigmoid";
  OCTET_HD static float value(float x) { return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x)))); }
  OCTET_HD static float gradient(float dy, float y) { return dy * ((1.0f - y) * y); }
};

enum class Activation { relu, relu6, sigmoid };

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
  }
  __builtin_unreachable();
}

inline const char* name_of(Activation activation) {
  return with(activation, [](auto f) { return f.kName; });
}

}  // namespace octet::ops
