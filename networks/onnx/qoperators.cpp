// Codes as the rest of networks/onnx/ wants them: QuantizeLinear and DequantizeLinear alone, with one scale.
// QOperator models are written out as QDQ: QLinearConv(x, w) becomes Conv(DequantizeLinear(x), DequantizeLinear(w)) and a QuantizeLinear
// behind it. Operators that only move values, such as MaxPool, may read codes in a file; they get the same. Where an activation has a scale
// for each channel, they are divided by it first (networks/onnx/channel_scales.h).
// Sources: onnx's docs/Operators.md, and docs/ContribOperators.md of ONNX Runtime for the domain com.microsoft.
#include <algorithm>
#include <set>
#include <tuple>

#include "loaders/files/bytes.h"
#include "loaders/files/limits.h"
#include "networks/onnx/quantized.h"

namespace octet::networks::onnx {
namespace {

using loaders::quoted;

constexpr const char* kMicrosoft = "com.microsoft";

/// Names of values.
struct Scale {
  std::string scale, zero_point;  // may be empty: 0
};

/// An operator of codes that is one of floats between codes.
struct Row {
  const char *type, *plain;
};
constexpr Row kOfOne[] = {{"QLinearGlobalAveragePool", "GlobalAveragePool"},
                          {"QLinearAveragePool", "AveragePool"},
                          {"QLinearSigmoid", "Sigmoid"},
                          {"QLinearLeakyRelu", "LeakyRelu"},
                          {"QLinearReduceMean", "ReduceMean"},
                          {"QLinearSoftmax", "Softmax"}};
constexpr Row kOfTwo[] = {{"QLinearAdd", "Add"}, {"QLinearMul", "Mul"}};
constexpr const char* kMoves[] = {"MaxPool",   "Reshape",  "Flatten", "Transpose", "Squeeze",
                                  "Unsqueeze", "Identity", "Slice",   "Split",     "Dropout"};

const char* plain_of(std::span<const Row> rows, const Node& node) {
  for (const Row& row : rows)
    if (node.op_type == row.type) return row.plain;
  return nullptr;
}

class Writer {
 public:
  explicit Writer(const Model& model) : model_(model) {}

  Model write() {
    std::vector<Node> nodes;
    std::swap(nodes, model_.nodes);
    for (const Node& node : nodes)
      if (node.op_type == "Constant" && !node.outputs.empty()) constants_.insert(node.outputs[0]);
    for (Node& node : nodes) {
      if (node.domain == kMicrosoft && (node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear")) node.domain = "";
      if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs[0];
      add(node);
    }
    return std::move(model_);
  }

 private:
  void add(const Node& node) {
    const bool own = node.domain.empty(), microsoft = node.domain == kMicrosoft;
    if (own && node.op_type == "QLinearConv") return conv(node);
    if (own && node.op_type == "QLinearMatMul") return matmul(node);
    if (microsoft && node.op_type == "QGemm") return gemm(node);
    if (microsoft && node.op_type == "QLinearConcat") return concat(node);
    if (const char* plain = microsoft ? plain_of(kOfOne, node) : nullptr) return of_one(node, plain);
    if (const char* plain = microsoft ? plain_of(kOfTwo, node) : nullptr) return of_two(node, plain);
    if (moves_codes(node)) return move(node);
    if (is_quantization(node) && has_channel_scales(node)) return scale_channels(node);
    if (is_quantization(node) && node.op_type == "QuantizeLinear" && node.inputs.size() == 3)
      codes_[node.outputs.at(0)] = {node.inputs[1], node.inputs[2]};
    model_.nodes.push_back(node);
  }

  /// x, scale, zero point, w, scale, zero point, scale of y, zero point of y, bias in steps of both scales.
  void conv(const Node& node) {
    const Scale x = scale_at(node, 1), w = scale_at(node, 4);
    std::vector<std::string> inputs = {real(input(node, 0), x), real(input(node, 3), w, 0)};
    if (has(node, 8)) inputs.push_back(bias(node, input(node, 8), x.scale, w.scale, 1));
    plain(node, "Conv", inputs, scale_at(node, 6));
  }

  void matmul(const Node& node) {
    plain(node, "MatMul", {real(input(node, 0), scale_at(node, 1)), real(input(node, 3), scale_at(node, 4), 1)},
          scale_at(node, 6));
  }

  /// As conv, except that the bias comes before the scale of y, which may be missing: then y is float.
  void gemm(const Node& node) {
    const Scale a = scale_at(node, 1), b = scale_at(node, 4);
    const bool rows = attribute<int64_t>(node, "transB", 0) != 0;
    std::vector<std::string> inputs = {real(input(node, 0), a), real(input(node, 3), b, rows ? 0 : 1)};
    if (has(node, 6)) inputs.push_back(bias(node, input(node, 6), a.scale, b.scale, attribute<float>(node, "alpha", 1)));
    if (has(node, 7)) return plain(node, "Gemm", inputs, scale_at(node, 7));
    append(node, "Gemm", inputs, node.outputs.at(0));
  }

  void of_one(const Node& node, const char* type) {
    OCTET_CHECK(attribute<int64_t>(node, "channels_last", 0) == 0, model_.file, ": ", node.op_type, " ", quoted(node.name),
                " with channels_last is not supported, expected [N, C, H, W]");
    plain(node, type, {real(input(node, 0), scale_at(node, 1))}, scale_at(node, 3));
  }

  void of_two(const Node& node, const char* type) {
    plain(node, type, {real(input(node, 0), scale_at(node, 1)), real(input(node, 3), scale_at(node, 4))}, scale_at(node, 6));
  }

  /// Scale and zero point of y, then of each part: the part, its scale, its zero point.
  void concat(const Node& node) {
    std::vector<std::string> parts;
    for (size_t i = 2; i < node.inputs.size(); i += 3) parts.push_back(real(input(node, i), scale_at(node, i + 1)));
    plain(node, "Concat", parts, scale_at(node, 0));
  }

  /// Of an activation: a few scales, and one zero point for all of them.
  bool has_channel_scales(const Node& node) const {
    const auto tensor = [&](size_t i) {
      const auto it = has(node, i) ? model_.initializers.find(node.inputs[i]) : model_.initializers.end();
      return it == model_.initializers.end() ? nullptr : &it->second;
    };
    const Tensor *scale = tensor(1), *zero_point = tensor(2);
    const bool scales = scale && scale->dtype() == DType::f32 && scale->dim() == 1 && scale->numel() > 1;
    const bool bytes = zero_point && size_of(zero_point->dtype()) == 1 && scales && zero_point->numel() == scale->numel();
    if (!bytes || !is_computed(node) || attribute<int64_t>(node, "axis", 1) != 1) return false;
    const std::byte *first = zero_point->bytes(), *last = first + zero_point->numel();
    return std::all_of(first, last, [&](std::byte z) { return z == *first; });
  }

  /// Not a weight.
  bool is_computed(const Node& node) const {
    const std::string& input = node.inputs.at(0);
    return node.op_type == "DequantizeLinear" ? channel_codes_.contains(input)
                                              : !model_.initializers.contains(input) && !constants_.contains(input);
  }

  /// x * (1 / scales) as codes of scale 1, or these * scales.
  void scale_channels(const Node& node) {
    const bool to_codes = node.op_type == "QuantizeLinear";
    const Tensor &scale = model_.initializers.at(node.inputs[1]), &zero_points = model_.initializers.at(node.inputs[2]);
    const std::string name = node.outputs.at(0);
    spend(3 * scale.numel());
    Tensor factor(scale.shape()), zero_point({}, zero_points.dtype());
    for (int64_t c = 0; c < scale.numel(); ++c)
      factor.data<float>()[c] = to_codes ? 1 / scale.data<float>()[c] : scale.data<float>()[c];
    zero_point.bytes()[0] = zero_points.bytes()[0];
    const int64_t C = scale.numel();
    const auto add = [&](const char* what, Tensor t) { return model_.initializers[name + what] = std::move(t), name + what; };
    Node quantization = node, norm{.op_type = "BatchNormalization", .name = node.name, .attributes = {{"epsilon", 0.0f}}};
    norm.inputs = {to_codes ? node.inputs[0] : name + " (in steps)", add(" (factors)", factor),
                   add(" (zeros)", Tensor::zeros({C})), name + " (zeros)", add(" (ones)", Tensor::full({C}, 1))};
    norm.outputs = {to_codes ? name + " (in steps)" : name};
    quantization.inputs = {to_codes ? name + " (in steps)" : node.inputs[0], add(" (scale)", Tensor::full({}, 1)),
                           add(" (zero point)", zero_point)};
    quantization.outputs = {to_codes ? name : name + " (in steps)"};
    if (to_codes) channel_codes_.insert(name);
    for (const Node* made : {to_codes ? &norm : &quantization, to_codes ? &quantization : &norm}) model_.nodes.push_back(*made);
  }

  bool moves_codes(const Node& node) const {
    return node.domain.empty() && !node.inputs.empty() && codes_.contains(node.inputs[0]) &&
           std::ranges::find(kMoves, node.op_type) != std::end(kMoves);
  }

  void move(const Node& node) {
    const Scale scale = codes_.at(node.inputs[0]);
    Node moved = node;
    moved.inputs[0] = real(node.inputs[0], scale);
    for (std::string& output : moved.outputs) output = unquantized(output);
    model_.nodes.push_back(moved);
    for (const std::string& output : node.outputs) quantize(node, output, scale);
  }

  /// The node as one of floats, and a QuantizeLinear behind it.
  void plain(const Node& node, const char* type, const std::vector<std::string>& inputs, const Scale& scale) {
    append(node, type, inputs, unquantized(node.outputs.at(0)));
    quantize(node, node.outputs.at(0), scale);
  }

  void append(const Node& node, const char* type, const std::vector<std::string>& inputs, const std::string& output) {
    Node made = node;
    made.op_type = type, made.domain = "", made.inputs = inputs, made.outputs = {output};
    model_.nodes.push_back(std::move(made));
  }

  void quantize(const Node& node, const std::string& output, const Scale& scale) {
    model_.nodes.push_back({.op_type = "QuantizeLinear",
                            .name = node.name,
                            .inputs = {unquantized(output), scale.scale, scale.zero_point},
                            .outputs = {output}});
    codes_[output] = scale;
  }

  /// The values that codes stand for. axis: of their scales, if there are several.
  std::string real(const std::string& codes, const Scale& scale, int64_t axis = 0) {
    const auto [at, is_new] =
        real_.emplace(std::tuple(codes, scale.scale, scale.zero_point), str(codes, " (real ", real_.size(), ")"));
    if (is_new)
      model_.nodes.push_back({.op_type = "DequantizeLinear",
                              .name = at->second,
                              .inputs = {codes, scale.scale, scale.zero_point},
                              .outputs = {at->second},
                              .attributes = {{"axis", axis}}});
    return at->second;
  }

  std::string bias(const Node& node, const std::string& codes, const std::string& x, const std::string& w, float factor) {
    const Tensor &sx = constant(node, x), &sw = constant(node, w);
    OCTET_CHECK(sx.numel() == 1, model_.file, ": ", node.op_type, " ", quoted(node.name), ": ", sx.numel(),
                " scales of its input, expected one");
    spend(sw.numel());
    Tensor scale(sw.shape());
    for (int64_t i = 0; i < sw.numel(); ++i) scale.data<float>()[i] = factor * sx.data<float>()[0] * sw.data<float>()[i];
    const std::string name = str(node.name, " (scale of its bias)");
    model_.initializers[name] = scale;
    return real(codes, {name, ""});
  }

  const Tensor& constant(const Node& node, const std::string& name) const {
    const auto it = model_.initializers.find(name);
    OCTET_CHECK(it != model_.initializers.end() && it->second.dtype() == DType::f32, model_.file, ": ", node.op_type, " ",
                quoted(node.name), ": the scale ", quoted(name), " is no tensor of float32 in the file");
    return it->second;
  }

  /// Floats that are made, held against the file's size.
  void spend(int64_t floats) {
    spent_ += 4 * static_cast<uint64_t>(floats);
    OCTET_CHECK(spent_ <= loaders::expansion_limit(model_.bytes), model_.file,
                ": what is made of its scales takes more than the cap for a file of this size");
  }

  static std::string unquantized(const std::string& output) { return output + " (not quantized)"; }
  static bool has(const Node& node, size_t i) { return i < node.inputs.size() && !node.inputs[i].empty(); }
  std::string input(const Node& node, size_t i) const {
    OCTET_CHECK(has(node, i), model_.file, ": ", node.op_type, " ", quoted(node.name), ": its input ", i, " is missing");
    return node.inputs[i];
  }
  Scale scale_at(const Node& node, size_t i) const { return {input(node, i), has(node, i + 1) ? node.inputs[i + 1] : ""}; }

  template <class T>
  static T attribute(const Node& node, const char* name, T standard) {
    const auto it = node.attributes.find(name);
    const T* value = it == node.attributes.end() ? nullptr : std::get_if<T>(&it->second);
    return value ? *value : standard;
  }

  Model model_;
  uint64_t spent_ = 0;
  std::map<std::string, Scale> codes_;  // by name: values that are codes
  std::set<std::string> constants_,
      channel_codes_;  // names of values: of Constant nodes; of codes that had a scale for each channel
  std::map<std::tuple<std::string, std::string, std::string>, std::string> real_;
};

}  // namespace

bool is_int8(const Model& model) {
  return std::ranges::any_of(model.nodes, [&](const Node& node) {
    const bool known = node.domain.empty() || node.domain == kMicrosoft;
    const bool quantizes =
        node.op_type == "QuantizeLinear" && !node.inputs.empty() && !model.initializers.contains(node.inputs[0]);
    return known && (quantizes || node.op_type.starts_with("QLinear") || node.op_type == "QGemm");
  });
}

Model with_plain_codes(const Model& model) { return Writer(model).write(); }

}  // namespace octet::networks::onnx
