// How attributes are printed: as PyTorch's modules print them.
#pragma once

#include <string>

#include "ops/engines/qparams.h"
#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::nn {

/// A float32 as Python prints the double it converts to: the shortest digits that read back the same.
std::string python_float(double value);

/// An option is written in source code, so it prints as few digits as a float needs.
std::string shortest(float value);

/// "(2, 58)".
std::string list_text(const std::vector<int64_t>& values);

/// "scale=0.5, zero_point=3".
std::string qparams_text(ops::int8::QParams q);

/// "3" or "(3, 3)", as it was written.
std::string size_text(ops::Size2 size);

/// "64, 128, kernel_size=(3, 3), stride=(1, 1)" of a weight [K, C/G, R, S].
std::string conv_shape_text(const Tensor& weight, const ops::Conv2dOptions& o);

/// ", padding=(1, 1), groups=2", without what has its default.
std::string conv_tail_text(const ops::Conv2dOptions& o);

/// The same of a transposed convolution's weight [C, K/G, R, S], and with its output_padding.
std::string conv_transpose_shape_text(const Tensor& weight, const ops::ConvTranspose2dOptions& o);
std::string conv_transpose_tail_text(const ops::ConvTranspose2dOptions& o);

/// "kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False".
std::string max_pool_text(const ops::MaxPool2dOptions& o);

/// "kernel_size=3, stride=2, padding=1".
std::string avg_pool_text(const ops::AvgPool2dOptions& o);

/// "64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True".
std::string batch_norm_text(int64_t channels, float eps, float momentum);

}  // namespace octet::nn
