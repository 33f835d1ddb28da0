// What a definition reads: the inputs of a node, each value at its place, as a code and as the real number that it stands for.
#pragma once

#include <ostream>
#include <string>

#include "nn/graph/graph.h"
#include "ops/engines/qparams.h"

namespace octet::quant {

/// Image n, channel c (of several dimensions of channels: counted through), row h, column w. A value [N, C] has h = w = 0.
struct Place {
  int64_t n = 0, c = 0, h = 0, w = 0;
};

/// A number as it is printed: the fewest digits that read back the same float32.
struct Shown {
  float value;
};
std::ostream& operator<<(std::ostream& out, Shown number);

/// One value of a graph, whatever its layout: codes [N, H, W, C...] or [N, C], floats [N, C..., H, W] or [N, C].
class Operand {
 public:
  /// value: what the node gave, on the CPU.
  Operand(const nn::Node& node, Tensor value);

  const std::string& name() const { return name_; }
  bool is_codes() const { return is_codes_; }
  int64_t images() const { return N_; }
  int64_t channels() const { return C_; }
  int64_t height() const { return H_; }
  int64_t width() const { return W_; }
  /// Of codes.
  ops::int8::QParams qparams() const { return qparams_; }
  /// Without the images, channels first: [C, H, W], [G, C/G, H, W] or [C].
  const Shape& shape() const { return shape_; }

  /// Where it lies in the tensor.
  int64_t index(const Place& at) const {
    return is_codes_ ? ((at.n * H_ + at.h) * W_ + at.w) * C_ + at.c : ((at.n * C_ + at.c) * H_ + at.h) * W_ + at.w;
  }
  int32_t code(const Place& at) const { return codes_[index(at)]; }
  /// The float, or what the code stands for: (code - zero point) * scale.
  float real(const Place& at) const;
  /// The code or the float, as one number.
  float raw(const Place& at) const { return is_codes_ ? static_cast<float>(code(at)) : real(at); }

 private:
  std::string name_;
  Tensor value_;
  bool is_codes_;
  ops::int8::QParams qparams_ = {};
  Shape shape_;
  int64_t N_ = 0, C_ = 0, H_ = 1, W_ = 1;
  const uint8_t* codes_ = nullptr;
  const float* floats_ = nullptr;
};

}  // namespace octet::quant
