// Resize and Upsample, which make images of another size, and Pad. A Pad of zeros in front of a convolution or a pool is left to that
// (Value::pads); another becomes a node.
#include <cmath>

#include "loaders/files/bytes.h"
#include "networks/onnx/operations.h"
#include "nn/graph/ops/interpolate.h"
#include "nn/graph/ops/pad.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

/// For height and width, of numbers for all four dimensions or for those two alone.
template <class T>
std::pair<T, T> of_image(const Call& call, const std::vector<T>& numbers, T others) {
  const Dims axes = call.integers("axes");
  OCTET_CHECK(axes.empty() || (axes == Dims{2, 3}), "along axes ", text_of(axes), " is not supported, expected [2, 3]");
  if (axes.size() == 2 && numbers.size() == 2) return {numbers[0], numbers[1]};
  OCTET_CHECK(numbers.size() == 4 && (others == T() || (numbers[0] == others && numbers[1] == others)), "by ", numbers.size(),
              " numbers is not supported, expected height and width alone to change");
  return {numbers[2], numbers[3]};
}

std::vector<float> list_of(const Tensor& t) { return {t.data<float>(), t.data<float>() + t.numel()}; }

int64_t scaled(int64_t size, double factor) {
  return is_known(size) ? static_cast<int64_t>(static_cast<double>(size) * factor) : kUnknown;
}

/// Is every pixel of the input some whole number of pixels in the result?
bool is_whole(const ops::InterpolateOptions& o, const Value& x) {
  const auto whole = [](int64_t input, int64_t size, double factor) {
    return size > 0 ? is_known(input) && size % input == 0 : factor == static_cast<double>(static_cast<int64_t>(factor));
  };
  return whole(x.shape[2], o.size.h, o.factor_h) && whole(x.shape[3], o.size.w, o.factor_w);
}

/// The way from a pixel of the result to those of the input that octet has, which is PyTorch's.
void set_mode(const Call& call, const Value& x, const Dims& result, const std::string& standard, ops::InterpolateOptions& o) {
  const std::string mode = call.text("mode", "nearest"), from = call.text("coordinate_transformation_mode", standard);
  const std::string nearest = call.text("nearest_mode", call.opset() < 11 ? "floor" : "round_prefer_floor");
  const bool half = from == "half_pixel" || from == "pytorch_half_pixel";
  if (mode == "nearest") {
    const bool floors = from == "asymmetric" && nearest == "floor", same = half && nearest != "ceil" && is_whole(o, x);
    OCTET_CHECK(floors || same, "nearest by ", loaders::quoted(from), " and ", loaders::quoted(nearest),
                " is not supported, expected asymmetric and floor");
    return;
  }
  OCTET_CHECK(mode == "linear" && (half || from == "align_corners") && !call.flag("antialias", false), "mode ",
              loaders::quoted(mode), " by ", loaders::quoted(from),
              " is not supported, expected nearest, or linear by half_pixel or align_corners");
  o.mode = ops::InterpolateMode::bilinear;
  o.align_corners = from == "align_corners";
  OCTET_CHECK(from != "pytorch_half_pixel" || (result[2] != 1 && result[3] != 1), "linear by pytorch_half_pixel to ",
              text_of(result), " is not supported, expected more than one pixel each way");
  const auto whole = [](int64_t size, double factor) {
    const double result_size = is_known(size) ? static_cast<double>(size) * factor : factor;
    return std::abs(result_size - std::round(result_size)) <= 1e-4;  // factors are float32
  };
  const bool by_size = o.size.h > 0;
  OCTET_CHECK(!o.align_corners || by_size || (whole(x.shape[2], o.factor_h) && whole(x.shape[3], o.factor_w)),
              "linear by align_corners to a size that is no whole number, or not known, is not supported; expected sizes");
}

Made resized(const Call& call, size_t scales, size_t sizes, const std::string& standard) {
  const Value& x = call.plain(0);
  OCTET_CHECK(x.shape.size() == 4, "of ", text_of(x.shape), " is not supported, expected [N, C, H, W]");
  ops::InterpolateOptions o;
  Dims shape = x.shape;
  if (call.has(sizes) && !call.numbers(sizes).empty()) {
    const auto [h, w] = of_image<int64_t>(call, call.numbers(sizes), 0);
    OCTET_CHECK(is_known(h) && is_known(w) && h > 0 && w > 0 && std::max(h, w) <= ops::kLargestWindow, "to ", text_of({h, w}),
                " is not supported, expected known sizes");
    o.size = h == w ? ops::Size2(h) : ops::Size2(h, w);
    shape[2] = h, shape[3] = w;
  } else {
    const Tensor factors = call.floats(scales);
    OCTET_CHECK(factors.defined(), "without scales and sizes");
    const auto [h, w] = of_image<float>(call, list_of(factors), 1);
    o.factor_h = static_cast<double>(h), o.factor_w = static_cast<double>(w);
    OCTET_CHECK(h > 0 && w > 0 && std::max(h, w) <= static_cast<float>(ops::kLargestWindow), "by ", h, " and ", w,
                ", expected above 0");
    shape[2] = scaled(shape[2], o.factor_h), shape[3] = scaled(shape[3], o.factor_w);
  }
  set_mode(call, x, shape, standard, o);
  return {.op = op::Interpolate{o}, .inputs = {x.node}, .value = {.shape = shape}};
}

/// Will all that read the result take zeros around it?
bool readers_pad(const Call& call, const Value& x) {
  const bool clamped = nn::is<op::Relu>(x.node->op) || nn::is<op::Relu6>(x.node->op);
  return call.is_read_by([&](const std::string& type) {
    return type == "Conv" || type == "AveragePool" || type == "Pad" || type == "Transpose" || (type == "MaxPool" && clamped);
  });
}

Made padded_node(const Value& x, op::Pad made) {
  Dims shape = x.shape;
  const auto grown = [](int64_t size, int64_t by) { return is_known(size) ? size + by : size; };
  shape[2] = grown(shape[2], made.options.top + made.options.bottom);
  shape[3] = grown(shape[3], made.options.left + made.options.right);
  return {.op = made, .inputs = {x.node}, .value = {.shape = shape}};
}

ops::PadMode pad_mode(const std::string& mode) {
  if (mode == "reflect") return ops::PadMode::reflect;
  if (mode == "edge") return ops::PadMode::replicate;
  OCTET_CHECK(mode == "constant", "mode ", loaders::quoted(mode), " is not supported, expected constant, reflect or edge");
  return ops::PadMode::constant;
}

}  // namespace

Made resize(const Call& call) {
  if (call.opset() < 11) return resized(call, 1, SIZE_MAX, "asymmetric");
  return resized(call, 2, 3, "half_pixel");
}

Made upsample(const Call& call) { return resized(call, 1, SIZE_MAX, "asymmetric"); }

Made pad(const Call& call) {
  const Value& x = call.unfinished(0);
  const Dims pads = call.numbers("pads", 1);
  OCTET_CHECK(x.shape.size() == 4 && pads.size() == 8 && !call.has(3), "of ", text_of(x.shape), " by ", text_of(pads),
              " is not supported, expected images and 8 numbers");
  const ops::PadMode mode = pad_mode(call.text("mode", "constant"));
  const Tensor number = call.floats(2);
  const float value = number.defined() && number.numel() == 1 ? number.data<float>()[0] : call.real("value", 0);
  const size_t h = x.channels_last ? 1 : 2, w = h + 1, c = x.channels_last ? 3 : 1;
  OCTET_CHECK(pads[0] == 0 && pads[4] == 0 && pads[c] == 0 && pads[c + 4] == 0, "by ", text_of(pads),
              " is not supported, expected rows and columns");
  for (const int64_t p : pads) OCTET_CHECK(std::abs(p) <= ops::kLargestWindow, "by ", text_of(pads), " is not supported");
  const bool adds = std::ranges::all_of(pads, [](int64_t p) { return p >= 0; });
  if (mode == ops::PadMode::constant && value == 0 && adds && readers_pad(call, x)) {
    Value result = x;
    result.pads = {x.pads.top + pads[h], x.pads.left + pads[w], x.pads.bottom + pads[h + 4], x.pads.right + pads[w + 4]};
    return handed_on(result);
  }
  return padded_node(
      call.plain(0),
      op::Pad{{.mode = mode, .left = pads[w], .right = pads[w + 4], .top = pads[h], .bottom = pads[h + 4], .value = value}});
}

}  // namespace octet::networks::onnx
