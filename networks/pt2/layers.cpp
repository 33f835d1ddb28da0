// Convolutions, linear layer and pools.
#include "networks/pt2/rows.h"

#include <algorithm>

#include "loaders/files/bytes.h"
#include "nn/graph/ops.h"

namespace octet::networks {

namespace op = nn::op;

namespace {

Tensor weight_of(const Arguments& a, int64_t dims) {
  const Tensor weight = a.tensor("weight");
  OCTET_CHECK(weight.defined() && weight.dim() == dims, "its weight is ", weight.defined() ? str(weight.shape()) : "missing",
              ", expected ", dims, " dimensions");
  return weight;
}

/// "valid", "same", or numbers. same: an output as large as the input.
ops::Size2 padding_of(const Arguments& a, const Tensor& weight, const ops::Conv2dOptions& o) {
  const auto it = a.call().arguments.find("padding");
  const auto* text = it == a.call().arguments.end() ? nullptr : std::get_if<std::string>(&it->second);
  if (text == nullptr) return a.size2("padding", 0);
  if (*text == "valid") return 0;
  const int64_t h = (weight.size(2) - 1) * o.dilation.h, w = (weight.size(3) - 1) * o.dilation.w;
  OCTET_CHECK(*text == "same" && h % 2 == 0 && w % 2 == 0 && o.stride == ops::Size2(1), "padding ", loaders::quoted(*text),
              " of a kernel over ", h + 1, " x ", w + 1, " is not supported, expected an odd size and stride 1");
  return h == w ? ops::Size2(h / 2) : ops::Size2(h / 2, w / 2);
}

}  // namespace

Made conv2d(const Arguments& a) {
  const Tensor weight = weight_of(a, 4);
  const std::string input = a.value("input");
  OCTET_CHECK(a.shape(input).size() == 4, "a convolution of ", a.shape(input), " is not supported, expected [N, C, H, W]");
  op::Conv2d conv{{.stride = a.size2("stride", 1), .groups = a.integer("groups", 1), .dilation = a.size2("dilation", 1)}};
  conv.options.padding = padding_of(a, weight, conv.options);
  return with_parameters(conv, input, {{"weight", weight}, {"bias", a.tensor("bias")}});
}

Made conv_transpose2d(const Arguments& a) {
  const std::string input = a.value("input");
  OCTET_CHECK(a.shape(input).size() == 4, "a transposed convolution of ", a.shape(input),
              " is not supported, expected [N, C, H, W]");
  const op::ConvTranspose2d layer{{.stride = a.size2("stride", 1),
                                   .padding = a.size2("padding", 0),
                                   .output_padding = a.size2("output_padding", 0),
                                   .groups = a.integer("groups", 1),
                                   .dilation = a.size2("dilation", 1)}};
  return with_parameters(layer, input, {{"weight", weight_of(a, 4)}, {"bias", a.tensor("bias")}});
}

Made linear(const Arguments& a) {
  const std::string input = a.value("input");
  OCTET_CHECK(a.shape(input).size() == 2, "a linear layer over ", a.shape(input), " is not supported, expected [N, C]");
  return with_parameters(op::Linear{}, input, {{"weight", weight_of(a, 2)}, {"bias", a.tensor("bias")}});
}

Made max_pool2d(const Arguments& a) {
  const ops::Size2 kernel = a.size2("kernel_size", 1);
  return {op::MaxPool2d{{.kernel = kernel,
                         .stride = a.size2("stride", kernel),
                         .padding = a.size2("padding", 0),
                         .ceil_mode = a.flag("ceil_mode", false),
                         .dilation = a.size2("dilation", 1)}},
          {a.value("self")}};
}

Made avg_pool2d(const Arguments& a) {
  const ops::Size2 kernel = a.size2("kernel_size", 1);
  const int64_t divisor = a.integer("divisor_override", 0);
  OCTET_CHECK(divisor >= 0 && divisor <= ops::kLargestWindow, "divisor_override ", divisor, " is not supported, expected 1 to ",
              ops::kLargestWindow);
  return {op::AvgPool2d{{.kernel = kernel,
                         .stride = a.size2("stride", kernel),
                         .padding = a.size2("padding", 0),
                         .ceil_mode = a.flag("ceil_mode", false),
                         .count_include_pad = a.flag("count_include_pad", true),
                         .divisor_override = divisor}},
          {a.value("self")}};
}

Made mean(const Arguments& a) {
  const std::string input = a.value("self");
  std::vector<int64_t> dims = a.integers("dim");
  const bool as_2_3 = dims == std::vector<int64_t>({2, 3});
  for (int64_t& dim : dims) dim = dim < 0 ? dim + 4 : dim;
  std::ranges::sort(dims);
  OCTET_CHECK(a.shape(input).size() == 4 && dims == std::vector<int64_t>({2, 3}), "the mean of ", a.shape(input),
              " over other dimensions than [2, 3] is not supported");
  return {op::Mean{a.flag("keepdim", false), as_2_3}, {input}};
}

Made adaptive_avg_pool2d(const Arguments& a) { return {op::AdaptiveAvgPool2d{a.size2("output_size", 1)}, {a.value("self")}}; }
Made adaptive_max_pool2d(const Arguments& a) { return {op::AdaptiveMaxPool2d{a.size2("output_size", 1)}, {a.value("self")}}; }

}  // namespace octet::networks
