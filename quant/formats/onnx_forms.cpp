#include "quant/formats/onnx_forms.h"

#include "nn/graph/ops/affine.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/layer_norm.h"

#include <cmath>

namespace octet::quant {
namespace {

/// [C] as it goes with x [N, C, H, W]: [C, 1, 1].
Tensor for_channels(const Tensor& t, const Shape& x) {
  return t.defined() && x.size() == 4 && t.numel() > 1 ? t.reshape({t.numel(), 1, 1}) : t;
}

/// x * weight + bias, where they are defined.
std::string scaled(OnnxGraph& graph, std::string x, const Tensor& weight, const Tensor& bias) {
  if (weight.defined()) x = graph.step("scaled", "Mul", {x, graph.initializer("weight", weight)});
  if (bias.defined()) x = graph.step("shifted", "Add", {x, graph.initializer("bias", bias)});
  return x;
}

Tensor find(const nn::Parameters& parameters, const char* name) {
  const auto it = parameters.find(name);
  return it == parameters.end() ? Tensor() : it->second;
}

/// A factor that makes `output` of `input` pixels when the product is rounded down, as Resize does it.
float factor_of(int64_t input, int64_t output) {
  float factor = static_cast<float>(output) / static_cast<float>(input);
  while (static_cast<int64_t>(std::floor(static_cast<float>(input) * factor)) < output) factor = std::nextafter(factor, INFINITY);
  return factor;
}

}  // namespace

std::string onnx_gelu(OnnxGraph& graph, const std::string& x, bool by_tanh) {
  std::string inner;
  if (by_tanh) {
    const std::string cube = graph.step("cube", "Mul", {graph.step("square", "Mul", {x, x}), x});
    const std::string bent = graph.step("bent", "Mul", {cube, graph.number("cubic", 0.044715f)});
    const std::string sum = graph.step("sum", "Add", {x, bent});
    inner = graph.call("Tanh", {graph.step("inner", "Mul", {sum, graph.number("factor", 0.7978845608f)})});
  } else {
    inner = graph.call("Erf", {graph.step("inner", "Mul", {x, graph.number("factor", 0.70710678f)})});
  }
  const std::string half = graph.step("half_x", "Mul", {x, graph.number("half", 0.5f)});
  return graph.step("gelu", "Mul", {half, graph.step("one_more", "Add", {inner, graph.number("one", 1)})});
}

std::string onnx_hardsigmoid(OnnxGraph& graph, const std::string& x) {
  return graph.call("HardSigmoid", {x}, {}, OnnxAttributes().real("alpha", 1.0f / 6).real("beta", 0.5f));
}

std::string onnx_clip(OnnxGraph& graph, const std::string& x, float low, float high) {
  return graph.call("Clip", {x, graph.number("min", low), graph.number("max", high)});
}

std::string onnx_view(OnnxGraph& graph, const std::string& x, const std::vector<int64_t>& channels, ops::Size2 image) {
  std::vector<int64_t> shape{0};  // 0: as many images as there are
  shape.insert(shape.end(), channels.begin(), channels.end());
  shape.insert(shape.end(), {image.h, image.w});
  return graph.call("Reshape", {x, graph.integers("shape", shape)});
}

std::string onnx_permute(OnnxGraph& graph, const std::string& x, const std::vector<int64_t>& dims) {
  std::vector<int64_t> order{0};
  for (const int64_t d : dims) order.push_back(d + 1);
  for (int pixels = 0; pixels < 2; ++pixels) order.push_back(std::ssize(order));
  return graph.call("Transpose", {x}, {}, OnnxAttributes().integers("perm", order));
}

std::string onnx_slice(OnnxGraph& graph, const std::string& x, int64_t begin, int64_t end) {
  return graph.call("Slice", {x, graph.integers("begin", {begin}), graph.integers("end", {end}), graph.integers("axis", {1})});
}

std::string onnx_interpolate(OnnxGraph& graph, const std::string& x, ops::Size2 image, const ops::InterpolateOptions& o) {
  const ops::Size2 size = ops::interpolated_size(image, o);
  const auto factor = [](int64_t input, int64_t output, double asked) {
    return asked > 0 ? static_cast<float>(asked) : factor_of(input, output);
  };
  const bool by_size = o.size.h > 0;
  const Tensor scales = Tensor::from(
      {1, 1, factor(image.h, size.h, by_size ? 0 : o.factor_h), factor(image.w, size.w, by_size ? 0 : o.factor_w)}, {4});
  OnnxAttributes attributes;
  if (o.mode == ops::InterpolateMode::nearest)
    attributes.text("mode", "nearest").text("coordinate_transformation_mode", "asymmetric").text("nearest_mode", "floor");
  else
    attributes.text("mode", "linear").text("coordinate_transformation_mode", o.align_corners ? "align_corners" : "half_pixel");
  return graph.call("Resize", {x, "", graph.initializer("scales", scales)}, {}, attributes);
}

std::string onnx_pad(OnnxGraph& graph, const std::string& x, const ops::PadOptions& o) {
  constexpr const char* kModes[] = {"constant", "reflect", "edge"};
  OnnxNames inputs{x, graph.integers("pads", {0, 0, o.top, o.left, 0, 0, o.bottom, o.right})};
  if (o.mode == ops::PadMode::constant) inputs.push_back(graph.number("value", o.value));
  return graph.call("Pad", inputs, {}, OnnxAttributes().text("mode", kModes[static_cast<size_t>(o.mode)]));
}

std::string onnx_prelu(OnnxGraph& graph, const std::string& x, const Shape& shape, const Tensor& weight) {
  return graph.call("PRelu", {x, graph.initializer("weight", for_channels(weight, shape))});
}

std::string onnx_affine(OnnxGraph& graph, const std::string& x, const Shape& shape, const nn::op::Affine& o,
                        const Tensor& constant) {
  constexpr const char* kTypes[] = {"Add", "Sub", "Sub", "Mul", "Div"};  // by AffineKind
  const std::string c = graph.initializer("constant", for_channels(constant.reshape({constant.numel()}), shape));
  const bool turned = o.kind == nn::op::AffineKind::subtract_from;
  return graph.call(kTypes[static_cast<size_t>(o.kind)], turned ? OnnxNames{c, x} : OnnxNames{x, c});
}

/// LayerNormalization is newer than the opset.
std::string onnx_layer_norm(OnnxGraph& graph, const std::string& x, const nn::op::LayerNorm& o,
                            const nn::Parameters& parameters) {
  std::vector<int64_t> axes;
  for (int64_t d = -std::ssize(o.normalized_shape); d < 0; ++d) axes.push_back(d);
  const OnnxAttributes over = OnnxAttributes().integers("axes", axes);
  const std::string centred = graph.step("centred", "Sub", {x, graph.step("mean", "ReduceMean", {x}, over)});
  const std::string variance = graph.step("var", "ReduceMean", {graph.step("square", "Mul", {centred, centred})}, over);
  const std::string std = graph.step("std", "Sqrt", {graph.step("var_eps", "Add", {variance, graph.number("eps", o.eps)})});
  return scaled(graph, graph.step("normal", "Div", {centred, std}), find(parameters, "weight"), find(parameters, "bias"));
}

/// By InstanceNormalization of [N, groups, all the rest].
std::string onnx_group_norm(OnnxGraph& graph, const std::string& x, const Shape& shape, const nn::op::GroupNorm& o,
                            const nn::Parameters& parameters) {
  const int64_t groups = o.groups ? o.groups : shape.at(1);
  const std::string grouped = graph.step("grouped", "Reshape", {x, graph.integers("groups", {0, groups, -1})});
  const std::string normal = graph.step(
      "normal", "InstanceNormalization",
      {grouped, graph.initializer("ones", Tensor::full({groups}, 1)), graph.initializer("zeros", Tensor::zeros({groups}))},
      OnnxAttributes().real("epsilon", o.eps));
  std::vector<int64_t> back{0};
  back.insert(back.end(), shape.begin() + 1, shape.end());
  const std::string images = graph.step("images", "Reshape", {normal, graph.integers("shape", back)});
  return scaled(graph, images, for_channels(find(parameters, "weight"), shape), for_channels(find(parameters, "bias"), shape));
}

}  // namespace octet::quant
