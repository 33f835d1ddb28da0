// Dilation without products of zeros: a convolution whose taps lie d pixels apart is d * d ordinary ones, each of every d-th pixel.
//
//   y[p] = sum over r of x[p * stride - padding + r * d] * w[r]                 one direction; the other likewise
// With g = gcd(stride, d), the outputs p = f + q * (d / g) are a phase. It reads the pixels f * stride - padding + d * i of the input, as
// a convolution of stride / g: i = q * (stride / g) + r. So phases are cut out of the input as images [phases of N, H', W', C], convolved in
// one batch, and their outputs put where they belong. (Yu and Koltun 2016 have the operation; "space to batch" is TensorFlow's name.)
// Each output sums the same products, so codes stay the same, and every kernel serves. Floats that train, and the device, have the step
// in im2col instead (ops/conv/im2col.h).
// PyTorch counterpart: the argument dilation of torch.nn.Conv2d.
#pragma once

#include <functional>

#include "ops/support/im2col_shape.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// The options of the phases' convolution. Throws Error for options that no convolution has.
Conv2dOptions options_of_phases(const Conv2dOptions& options, Size2 kernel);

/// Shape [.., H', W', C] of the largest images that convolve_in_phases cuts out of x [N, H, W, C].
Shape largest_phases(const Shape& x, const Im2colShape& shape);

/// x [N, H, W, C] -> y [N, P, Q, K], both channels last, of any type. shape: of the dilated convolution. convolve: the phases'
/// convolution, [n, H', W', C] -> [n, P', Q', K], called with some phases at a time. border: the bytes of a pixel outside.
void convolve_in_phases(const Tensor& x, const Im2colShape& shape, uint8_t border, Tensor& y,
                        const std::function<Tensor(const Tensor& images)>& convolve);

}  // namespace octet::ops
