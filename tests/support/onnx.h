// Reads the ONNX models that quant/formats/to_onnx.h writes, and runs them with octet's float ops: what an engine without
// integer kernels makes of them.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ops/batch_norm.h"
#include "ops/channel_order.h"
#include "ops/conv/conv2d.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "tensor/tensor.h"

namespace octet::test {

/// A message of Protocol Buffers: https://protobuf.dev/programming-guides/encoding. What it returns are views of `bytes`.
class Protobuf {
 public:
  explicit Protobuf(std::string_view bytes) {
    while (!bytes.empty()) {
      const uint64_t tag = varint(bytes);
      Field field{static_cast<uint32_t>(tag >> 3)};
      if ((tag & 7) == 0) {
        field.integer = static_cast<int64_t>(varint(bytes));
      } else {
        OCTET_CHECK((tag & 7) == 2 || (tag & 7) == 5, "unexpected wire type ", tag & 7);
        const uint64_t size = (tag & 7) == 5 ? 4 : varint(bytes);
        OCTET_CHECK(size <= bytes.size(), "field ", field.number, " is cut off");
        field.bytes = bytes.substr(0, size);
        bytes.remove_prefix(size);
      }
      fields_.push_back(field);
    }
  }

  std::vector<std::string_view> all(uint32_t number) const {
    std::vector<std::string_view> found;
    for (const Field& f : fields_)
      if (f.number == number) found.push_back(f.bytes);
    return found;
  }
  std::vector<int64_t> integers(uint32_t number) const {
    std::vector<int64_t> found;
    for (const Field& f : fields_)
      if (f.number == number) found.push_back(f.integer);
    return found;
  }
  std::string text(uint32_t number) const { return std::string(all(number).at(0)); }
  int64_t integer(uint32_t number) const { return integers(number).at(0); }

 private:
  struct Field {
    uint32_t number;
    int64_t integer = 0;
    std::string_view bytes = {};
  };

  static uint64_t varint(std::string_view& bytes) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      OCTET_CHECK(!bytes.empty() && shift < 64, "a number is cut off");
      const auto byte = static_cast<uint8_t>(bytes.front());
      bytes.remove_prefix(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  }

  std::vector<Field> fields_;
};

class OnnxModel {
 public:
  explicit OnnxModel(std::string bytes) : bytes_(std::move(bytes)), model_(bytes_), graph_(model_.all(7).at(0)) {
    for (std::string_view t : graph_.all(5)) add_initializer(Protobuf(t));
  }
  OnnxModel(const OnnxModel&) = delete;
  OnnxModel& operator=(const OnnxModel&) = delete;

  const Protobuf& model() const { return model_; }
  const Protobuf& graph() const { return graph_; }

  /// x float32 [N, C, H, W] -> the output. codes: what to go on with instead of a value "NAME_codes", by NAME; `on_codes` is
  /// called with each such value before. uint8 [N, C, H, W].
  template <class OnCodes>
  Tensor operator()(const Tensor& x, const OnCodes& on_codes) {
    values_["input"] = x;
    for (std::string_view bytes : graph_.all(1)) {
      const Protobuf node(bytes);
      const std::string output = node.text(2);
      std::vector<Tensor> inputs;
      for (std::string_view name : node.all(1)) inputs.push_back(values_.at(std::string(name)));
      Tensor y = run(node, inputs);
      if (output.ends_with("_codes")) y = on_codes(output.substr(0, output.size() - 6), y);
      OCTET_CHECK(values_.emplace(output, y).second, output, " is computed twice");
    }
    return values_.at("logits");
  }

 private:
  void add_initializer(const Protobuf& t) {
    const std::vector<int64_t> dims = t.integers(1);
    const std::map<int64_t, DType> types = {{1, DType::f32}, {2, DType::u8}, {3, DType::i8}, {6, DType::i32}, {7, DType::i64}};
    Tensor tensor(Shape(dims.begin(), dims.end()), types.at(t.integer(2)));
    const std::string_view raw = t.all(9).at(0);
    OCTET_CHECK(raw.size() == tensor.nbytes(), t.text(8), ": ", raw.size(), " bytes for ", tensor.shape());
    std::memcpy(tensor.bytes(), raw.data(), raw.size());
    OCTET_CHECK(values_.emplace(t.text(8), tensor).second, t.text(8), " is given twice");
  }

  static Tensor run(const Protobuf& node, const std::vector<Tensor>& in) {
    const std::string type = node.text(4);
    std::map<std::string, Protobuf> attributes;
    for (std::string_view a : node.all(5)) attributes.emplace(Protobuf(a).text(1), Protobuf(a));
    const auto pair = [&](const char* name) {
      const auto v = attributes.at(name).integers(8);
      OCTET_CHECK(v.size() == 2 || (v[0] == v[2] && v[1] == v[3]), name, " is not the same on both sides");
      return ops::Size2(v.at(0), v.at(1));
    };
    const auto real = [&](const char* name) {
      float value = 0;
      std::memcpy(&value, attributes.at(name).all(2).at(0).data(), sizeof value);
      return value;
    };
    const auto is_set = [&](const char* name) { return attributes.contains(name) && attributes.at(name).integer(3) == 1; };
    const Tensor none;
    if (type == "Identity") return in.at(0);
    if (type == "QuantizeLinear") return quantized(in.at(0), in.at(1), in.at(2));
    if (type == "DequantizeLinear") {
      OCTET_CHECK(in.at(1).dim() == 0 || attributes.at("axis").integer(3) == 0, "expected the first axis");
      return dequantized(in);
    }
    if (type == "Conv")
      return ops::conv2d(in.at(0), in.at(1), in.size() > 2 ? in[2] : none,
                         {.stride = pair("strides"),
                          .padding = pair("pads"),
                          .groups = attributes.at("group").integer(3),
                          .dilation = attributes.contains("dilations") ? pair("dilations") : ops::Size2(1)});
    if (type == "Gemm") {
      OCTET_CHECK(attributes.at("transB").integer(3) == 1, "expected transB");
      return ops::linear(in.at(0), in.at(1), in.size() > 2 ? in[2] : none);
    }
    if (type == "ReduceMean") return ops::mean(in.at(0), is_set("keepdims"));
    if (type == "BatchNormalization") {
      return ops::batch_norm(in.at(0), {in.at(1), in.at(2), in.at(3), in.at(4), real("epsilon")});
    }
    if (type == "Relu") return ops::relu(in.at(0));
    if (type == "Clip")
      return ops::activate({ops::Activation::hardtanh, *in.at(1).data<float>(), *in.at(2).data<float>()}, in.at(0));
    if (type == "LeakyRelu") return ops::activate({ops::Activation::leaky_relu, real("alpha")}, in.at(0));
    if (type == "Erf") return error_function(in.at(0));
    if (type == "Reshape") return reshaped(in.at(0), in.at(1));
    if (type == "Transpose") return permuted(in.at(0), attributes.at("perm").integers(8));
    if (type == "Slice") {
      OCTET_CHECK(*in.at(3).data<int64_t>() == 1, "expected the axis 1");
      return ops::slice_channels(in.at(0), *in.at(1).data<int64_t>(), *in.at(2).data<int64_t>());
    }
    if (type == "Tanh") return ops::activate(ops::Activation::tanh, in.at(0));
    if (type == "HardSigmoid") {
      OCTET_CHECK(real("alpha") == 1.0f / 6 && real("beta") == 0.5f, "expected x / 6 + 0.5");
      return ops::activate(ops::Activation::hardsigmoid, in.at(0));
    }
    if (type == "Mul") return ops::multiply(in.at(0), like(in.at(0), in.at(1)));
    if (type == "Sigmoid") return ops::activate(ops::Activation::sigmoid, in.at(0));
    if (type == "Add") return ops::add(in.at(0), like(in.at(0), in.at(1)));
    if (type == "Concat") return ops::cat_channels(in);
    if (type == "Flatten") return ops::flatten(in.at(0));
    if (type == "GlobalAveragePool") return ops::adaptive_avg_pool2d(in.at(0), 1);
    if (type == "GlobalMaxPool") return ops::adaptive_max_pool2d(in.at(0), 1);
    const ops::Size2 kernel = pair("kernel_shape");
    if (type == "MaxPool")
      return ops::max_pool2d(
          in.at(0), {.kernel = kernel, .stride = pair("strides"), .padding = pair("pads"), .ceil_mode = is_set("ceil_mode")});
    OCTET_CHECK(type == "AveragePool", "unexpected ", type);
    return ops::avg_pool2d(in.at(0), {.kernel = kernel,
                                      .stride = pair("strides"),
                                      .padding = pair("pads"),
                                      .ceil_mode = is_set("ceil_mode"),
                                      .count_include_pad = is_set("count_include_pad")});
  }

  /// A number becomes a tensor of x's shape.
  static Tensor like(const Tensor& x, const Tensor& y) { return y.dim() == 0 ? Tensor::full(x.shape(), *y.data<float>()) : y; }
  static Tensor error_function(const Tensor& x) {
    Tensor y = x.clone();
    for (int64_t i = 0; i < y.numel(); ++i) y.data<float>()[i] = static_cast<float>(std::erf(double{x.data<float>()[i]}));
    return y;
  }
  static Tensor reshaped(const Tensor& x, const Tensor& to) {
    Shape shape(to.data<int64_t>(), to.data<int64_t>() + to.numel());
    OCTET_CHECK(shape.at(0) == 0, "expected 0 for the images");
    shape[0] = x.size(0);
    return x.reshape(shape);
  }
  static Tensor permuted(const Tensor& x, const std::vector<int64_t>& order) {
    const auto last = std::ssize(order) - 1;
    OCTET_CHECK(order.at(0) == 0 && order.back() == last && order.at(order.size() - 2) == last - 1,
                "expected channels alone to move");
    std::vector<int64_t> dims;
    for (size_t i = 1; i + 2 < order.size(); ++i) dims.push_back(order[i] - 1);
    return ops::permute_channels(x, dims);
  }

  static Tensor quantized(const Tensor& x, const Tensor& scale, const Tensor& zero_point) {
    Tensor y(x.shape(), DType::u8);
    for (int64_t i = 0; i < x.numel(); ++i) {
      const float code =
          std::nearbyint(x.data<float>()[i] / *scale.data<float>()) + static_cast<float>(*zero_point.data<uint8_t>());
      y.data<uint8_t>()[i] = static_cast<uint8_t>(std::clamp(code, 0.0f, 255.0f));
    }
    return y;
  }
  static Tensor dequantized(const std::vector<Tensor>& in) {
    Tensor y(in.at(0).shape());
    const int64_t per_scale = y.numel() / in.at(1).numel();
    for (int64_t i = 0; i < y.numel(); ++i)
      y.data<float>()[i] = static_cast<float>(code(in[0], i) - (in.size() > 2 ? code(in[2], i / per_scale) : 0)) *
                           in[1].data<float>()[i / per_scale];
    return y;
  }
  static int32_t code(const Tensor& t, int64_t i) {
    if (t.dtype() == DType::i32) return t.data<int32_t>()[i];
    return t.dtype() == DType::u8 ? int32_t{t.data<uint8_t>()[i]} : int32_t{t.data<int8_t>()[i]};
  }

  const std::string bytes_;
  Protobuf model_, graph_;  // views of it
  std::map<std::string, Tensor> values_;
};

}  // namespace octet::test
