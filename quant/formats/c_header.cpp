#include "quant/formats/c_header.h"

#include <cstdio>

#include "nn/graph/ops.h"
#include "nn/graph/print.h"
#include "ops/engines/requantize.h"

namespace octet::quant {
namespace {

constexpr const char* kIntroduction = R"(/* An int8 network, written by octet. C99.
   Of each convolution and linear layer, for output channel k:
     acc = sum of (input code - NAME_input_zero_point) * NAME_weight[k, ...]          int32
     v   = fmaf(NAME_bias_f32[k], NAME_bias_factor, (float)(acc + NAME_bias_i32[k])) * NAME_multiplier[k]   rounded to float
     output code = clamp(round_half_even(v) + NAME_output_zero_point, NAME_output_min, NAME_output_max)
   real value = (code - zero_point) * scale. Activations are uint8_t; padding holds the input's zero point. */
#ifndef OCTET_MODEL_H
#define OCTET_MODEL_H
#include <stdint.h>
)";

/// Before the constants of a layer that follows the other formula.
constexpr const char* kInReals = R"(/* This layer, each step rounded to float (no fused multiply-add):
     v   = (float)acc * NAME_input_factor * NAME_multiplier[k] + NAME_bias_f32[k]
     output code = clamp(round_half_even(v * NAME_output_factor + NAME_output_zero_point), NAME_output_min, NAME_output_max) */
)";

std::string hexadecimal(float x) {
  char text[32];
  std::snprintf(text, sizeof text, "%af", static_cast<double>(x));
  return text;
}

class Writer {
 public:
  explicit Writer(const std::function<void(std::string_view)>& write) : write_(write) {}

  void node(const nn::Node& node) {
    std::string inputs;
    for (const nn::Node* input : node.inputs) inputs += str(inputs.empty() ? "" : ", ", input->name);
    write_(str("\n/* ", node.name, " = ", nn::describe(node), " of ", inputs, " */\n"));
    name_ = "octet" + (node.name.starts_with("_") ? "" : std::string("_")) + node.name;
    nn::visit([&](const auto& o) { constants(o); }, node.op);
  }

 private:
  // What an op computes with, besides its inputs.
  template <nn::op::HasInt8Layer Op>
  void constants(const Op& o) {
    layer(o.layer->params(), o.layer->requantization());
  }
  void constants(const nn::op::QuantizedAdd& o) {
    qparams("a", o.params.a);
    qparams("b", o.params.b);
    qparams("output", o.params.output);
  }
  void constants(const nn::op::Quantize& o) { qparams("output", o.to); }
  void constants(const nn::op::Dequantize& o) { qparams("input", o.from); }
  void constants(const auto&) {}  // its comment says it all

  void layer(const ops::int8::QuantizedLayer& layer, const ops::int8::Requantization& r) {
    const Tensor& weight = layer.weight;
    qparams("input", layer.input);
    qparams("output", layer.output);
    define("output_min", std::to_string(r.range.qmin));
    define("output_max", std::to_string(r.range.qmax));
    std::string size;
    for (int64_t n : weight.shape()) size += str(size.empty() ? "" : " * ", n);
    array("int8_t", "weight", size, weight.data<int8_t>(), static_cast<size_t>(weight.numel()), "%d");
    const std::string K = std::to_string(weight.size(0));
    const bool in_reals = r.epilogue == ops::int8::Epilogue::real;
    if (in_reals) write_(kInReals);
    if (!in_reals) array("int32_t", "bias_i32", K, r.bias_i32.data(), r.bias_i32.size(), "%d");
    array("float", "bias_f32", K, r.bias_f32.data(), r.bias_f32.size(), "%af");  // hexadecimal: the bits, exactly
    if (in_reals) {
      define("input_factor", hexadecimal(r.scales.input));
      define("output_factor", hexadecimal(r.scales.inverse_output));
    } else {
      define("bias_factor", hexadecimal(r.bias_factor));
    }
    array("float", "multiplier", K, r.multiplier.data(), r.multiplier.size(), "%af");
  }

  void qparams(const std::string& of, ops::int8::QParams q) {
    define(of + "_scale", str(hexadecimal(q.scale), " /* ", nn::python_float(q.scale), " */"));
    define(of + "_zero_point", std::to_string(q.zero_point));
  }

  void define(const std::string& what, const std::string& value) { write_(str("#define ", name_, "_", what, " ", value, "\n")); }

  template <class T>
  void array(const char* type, const char* what, const std::string& size, const T* values, size_t n, const char* format) {
    constexpr size_t kPerLine = 16;
    write_(str("static const ", type, " ", name_, "_", what, "[", size, "] = {\n"));
    std::string line;
    for (size_t i = 0; i < n; ++i) {
      char text[32];
      std::snprintf(text, sizeof text, format, values[i]);
      line += str(text, i + 1 == n ? "" : ",");
      if ((i + 1) % kPerLine != 0 && i + 1 != n) continue;
      write_(line + "\n");
      line.clear();
    }
    write_("};\n");
  }

  const std::function<void(std::string_view)>& write_;
  std::string name_;
};

/// A string literal of any bytes: what is not plain ASCII as three octal digits, which cannot run into what follows.
std::string literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?';  // ?: trigraphs
    char octal[8];
    std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += plain ? std::string(1, c) : octal;
  }
  return out + "\"";
}

void write_numbers(const char* name, const std::vector<float>& values, const std::function<void(std::string_view)>& write) {
  std::string list;
  for (const float x : values) list += str(list.empty() ? "" : ", ", hexadecimal(x), " /* ", nn::python_float(x), " */");
  write(str("static const float octet_", name, "[", values.size(), "] = {", list, "};\n"));
}

void write_facts(const CHeaderFacts& facts, const std::function<void(std::string_view)>& write) {
  if (facts.image_size > 0) {
    write(str("\n/* An image: ", facts.image_size, " x ", facts.image_size, " pixels (resize: ", facts.resize,
              "), then (x / 255 - octet_mean[c]) / octet_std[c] of each channel c. */\n#define octet_image_size ",
              facts.image_size, "\n#define octet_image_channels ", facts.mean.size(), "\n"));
    write_numbers("mean", facts.mean, write);
    write_numbers("std", facts.deviation, write);
  }
  if (facts.classes.empty()) return;
  write(str("#define octet_classes ", facts.classes.size(), "\nstatic const char* const octet_class_names[", facts.classes.size(),
            "] = {\n"));
  for (const std::string& name : facts.classes) write("  " + literal(name) + ",\n");
  write("};\n");
}

}  // namespace

void write_c_header(const nn::Graph& int8, const CHeaderFacts& facts, const std::function<void(std::string_view)>& write) {
  write(kIntroduction);
  write_facts(facts, write);
  Writer writer(write);
  for (const nn::Node& node : int8.nodes())
    if (node.kind == nn::NodeKind::call_module || node.kind == nn::NodeKind::call_function) writer.node(node);
  write("\n#endif\n");
}

}  // namespace octet::quant
