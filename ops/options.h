// Sizes and options that several ops share, with PyTorch's names and defaults.
//
// Letters in shapes: N images, C input channels, H W input size, K output channels, R S kernel size, P Q output size, G groups.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ostream>

#include "tensor/error.h"

namespace octet::ops {

/// Height and width; one number stands for both, as in PyTorch.
struct Size2 {
  int64_t h = 0, w = 0;
  bool is_pair = false;  // written as two numbers, which is how modules that show their arguments print it

  Size2() = default;
  Size2(int64_t both) : h(both), w(both) {}  // implicit: {.kernel = 3, .stride = 2}
  Size2(int64_t height, int64_t width) : h(height), w(width), is_pair(true) {}
  bool operator==(const Size2& other) const { return h == other.h && w == other.w; }
};

/// (3, 3), as PyTorch prints it.
inline std::ostream& operator<<(std::ostream& out, Size2 size) { return out << '(' << size.h << ", " << size.w << ')'; }

struct Conv2dOptions {
  Size2 stride = 1;
  Size2 padding = 0;
  int64_t groups = 1;
  Size2 dilation = 1;  // pixels from one tap of the kernel to the next (ops/conv/dilation.h)
};

struct ConvTranspose2dOptions {
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 output_padding = 0;  // rows and columns more at the end
  int64_t groups = 1;
  Size2 dilation = 1;
};

struct MaxPool2dOptions {
  Size2 kernel;
  Size2 stride;
  Size2 padding = 0;
  bool ceil_mode = false;
  Size2 dilation = 1;  // pixels from one of a window to the next

  /// Of a window, with the pixels that it leaves out.
  Size2 span() const { return {(kernel.h - 1) * dilation.h + 1, (kernel.w - 1) * dilation.w + 1}; }
};

struct AvgPool2dOptions {
  Size2 kernel;
  Size2 stride;
  Size2 padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;  // the divisor counts padding as pixels
  int64_t divisor_override = 0;   // 0: none
};

/// Largest window: larger than any network's, and far below what an int64 holds.
constexpr int64_t kLargestWindow = int64_t{1} << 20;

/// Number of window positions along one axis: floor((input + 2 padding - kernel) / stride) + 1. ceil_mode: rounded up, but a window
/// must begin before the padding behind the input.
inline int64_t output_size(int64_t input, int64_t kernel, int64_t stride, int64_t padding, bool ceil_mode = false) {
  OCTET_CHECK(kernel > 0 && stride > 0 && padding >= 0, "window: kernel ", kernel, ", stride ", stride, ", padding ", padding,
              "; expected kernel and stride above 0 and padding not below 0");
  OCTET_CHECK(std::max({kernel, stride, padding}) <= kLargestWindow, "window: kernel ", kernel, ", stride ", stride, ", padding ",
              padding, "; expected at most ", kLargestWindow);
  OCTET_CHECK(input + 2 * padding >= kernel, "window: input of ", input, " with padding ", padding,
              " is smaller than the kernel of ", kernel);
  const int64_t steps = input + 2 * padding - kernel, rounded_up = (steps + stride - 1) / stride;
  return (ceil_mode && rounded_up * stride < input + padding ? rounded_up : steps / stride) + 1;
}

}  // namespace octet::ops
