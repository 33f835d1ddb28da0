#include "nn/graph/ops/text.h"

#include <charconv>
#include <cmath>

namespace octet::nn {

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char shortest[64];
  const double magnitude = std::fabs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto end = std::to_chars(shortest, shortest + sizeof shortest, value,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string text(shortest, end);
  return scientific || text.find('.') != std::string::npos ? text : text + ".0";
}

std::string shortest(float value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string list_text(const std::vector<int64_t>& values) {
  std::string text;
  for (const int64_t value : values) text += str(text.empty() ? "(" : ", ", value);
  return text + ")";
}

std::string qparams_text(ops::int8::QParams q) { return str("scale=", python_float(q.scale), ", zero_point=", q.zero_point); }

std::string size_text(ops::Size2 size) { return size.is_pair ? str(size) : str(size.h); }

std::string conv_shape_text(const Tensor& weight, const ops::Conv2dOptions& o) {
  return str(weight.size(1) * o.groups, ", ", weight.size(0), ", kernel_size=", ops::Size2(weight.size(2), weight.size(3)),
             ", stride=", o.stride);
}

std::string conv_tail_text(const ops::Conv2dOptions& o) {
  return str(o.padding == ops::Size2(0) ? "" : str(", padding=", o.padding),
             o.dilation == ops::Size2(1) ? "" : str(", dilation=", o.dilation), o.groups == 1 ? "" : str(", groups=", o.groups));
}

std::string conv_transpose_shape_text(const Tensor& weight, const ops::ConvTranspose2dOptions& o) {
  return str(weight.size(0), ", ", weight.size(1) * o.groups, ", kernel_size=", ops::Size2(weight.size(2), weight.size(3)),
             ", stride=", o.stride);
}

std::string conv_transpose_tail_text(const ops::ConvTranspose2dOptions& o) {
  return str(o.padding == ops::Size2(0) ? "" : str(", padding=", o.padding),
             o.dilation == ops::Size2(1) ? "" : str(", dilation=", o.dilation),
             o.output_padding == ops::Size2(0) ? "" : str(", output_padding=", o.output_padding),
             o.groups == 1 ? "" : str(", groups=", o.groups));
}

std::string max_pool_text(const ops::MaxPool2dOptions& o) {
  return str("kernel_size=", size_text(o.kernel), ", stride=", size_text(o.stride), ", padding=", size_text(o.padding),
             ", dilation=", size_text(o.dilation), ", ceil_mode=", o.ceil_mode ? "True" : "False");
}

std::string avg_pool_text(const ops::AvgPool2dOptions& o) {
  return str("kernel_size=", size_text(o.kernel), ", stride=", size_text(o.stride), ", padding=", size_text(o.padding));
}

std::string batch_norm_text(int64_t channels, float eps, float momentum) {
  return str(channels, ", eps=", shortest(eps), ", momentum=", shortest(momentum), ", affine=True, track_running_stats=True");
}

}  // namespace octet::nn
