// int8 ONNX files, operator by operator: which int8 ops octet makes of them, and that each code is within one of what the file says, which
// the same graph with floats between the codes computes.
#include <gtest/gtest.h>

#include "networks/onnx/to_int8.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "quant/formats/model_file.h"
#include "tests/networks/onnx_file.h"
#include "tests/networks/read_back.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::networks::onnx {
namespace {

using ops::int8::Engine;
using test::bits_equal;
using test::fails_with;
using test::OnnxAttribute;
using test::OnnxFile;
using test::OnnxNumbers;
using test::random_codes;
using test::random_floats;

const Shape kImage{-1, 4, 7, 6};
Tensor images() { return random_floats({2, 4, 7, 6}, 1); }

template <class T>
Tensor number(T value, DType dtype) {
  return Tensor::from(std::vector<T>{value}, {}, dtype);
}
Tensor u8(uint8_t value) { return number(value, DType::u8); }
Tensor i8(int8_t value) { return number(value, DType::i8); }
Tensor scale(float value) { return Tensor::full({}, value); }

/// A file with calls between codes.
class Int8File : public OnnxFile {
 public:
  explicit Int8File(const Shape& image = kImage) : OnnxFile(image) {}

  Int8File& node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output,
                 const std::vector<OnnxAttribute>& attributes = {}) {
    OnnxFile::node(type, inputs, output, attributes);
    return *this;
  }
  Int8File& tensor(const std::string& name, const Tensor& t) {
    OnnxFile::tensor(name, t);
    return *this;
  }

  /// NAME_codes and, of these, NAME_real.
  Int8File& quantized(const std::string& name, float s, const Tensor& zero_point) {
    tensor(name + "_s", scale(s)).tensor(name + "_z", zero_point);
    node("QuantizeLinear", {name, name + "_s", name + "_z"}, name + "_codes");
    node("DequantizeLinear", {name + "_codes", name + "_s", name + "_z"}, name + "_real");
    return *this;
  }
  /// The same of the last value, whose real ones are the output.
  Int8File& output(const std::string& name, float s, const Tensor& zero_point) {
    last_ = s;
    tensor(name + "_s", scale(s)).tensor(name + "_z", zero_point);
    node("QuantizeLinear", {name, name + "_s", name + "_z"}, name + "_codes");
    node("DequantizeLinear", {name + "_codes", name + "_s", name + "_z"}, "y");
    return *this;
  }
  /// "w", dequantized along its first axis.
  Int8File& weight(const Tensor& codes, const Tensor& scales, const Tensor& zero_points, int64_t axis = 0) {
    tensor("w_codes", codes).tensor("w_s", scales).tensor("w_z", zero_points);
    node("DequantizeLinear", {"w_codes", "w_s", "w_z"}, "w", {{"axis", axis}});
    return *this;
  }

  Network int8(Engine engine = Engine::fbgemm) const {
    Network net = network();
    to_int8(net, engine);
    return net;
  }
  std::string int8_types() const {
    std::string text;
    const Network net = int8();
    for (const nn::Node& n : net.graph.nodes())
      if (n.kind == nn::NodeKind::call_module || n.kind == nn::NodeKind::call_function)
        text += (text.empty() ? "" : " ") + std::string(nn::info(n.op).name.value);
    return text;
  }

  /// The int8 ops, and each value within a code of the file's.
  void expect(const std::string& types, const Tensor& x = images()) const {
    EXPECT_EQ(int8_types(), types);
    const Tensor want = run(x);
    for (const Engine engine : ops::int8::kEngines) {
      const Tensor got = nn::run(int8(engine).graph, x);
      ASSERT_EQ(got.shape(), want.shape());
      test::expect_read_back(int8(engine).graph, engine, x);
      int64_t apart = 0;
      for (int64_t i = 0; i < got.numel(); ++i) {
        const float steps = std::abs(got.data<float>()[i] - want.data<float>()[i]) / last_;
        EXPECT_LE(steps, 1.01f) << i;
        apart += steps > 0.5f;
      }
      EXPECT_LE(apart, 1 + got.numel() / 50) << name_of(engine);  // roundings of ties and of the last bit
    }
  }

 private:
  float last_ = 1;
};

Tensor weights(DType dtype = DType::i8) { return random_codes({6, 4, 3, 3}, DType::qint8, 2).view_as(dtype); }
Tensor scales() {
  Tensor s({6});
  for (int64_t k = 0; k < 6; ++k) s.data<float>()[k] = 0.001f * static_cast<float>(k + 1);
  return s;
}
/// x -> conv "c", with a bias in steps of both scales.
Int8File conv(const Tensor& zero_point, float s = 0.02f) {
  Int8File file;
  file.quantized("x", s, zero_point).weight(weights(), scales(), Tensor::zeros({6}, DType::i8));
  Tensor bias_scale = scales();
  for (int64_t k = 0; k < 6; ++k) bias_scale.data<float>()[k] *= s;
  file.tensor("b_codes", Tensor::from(std::vector<int32_t>{900, -4000, 3, 0, 20000, -7}, {6}, DType::i32))
      .tensor("b_s", bias_scale);
  file.node("DequantizeLinear", {"b_codes", "b_s"}, "b", {{"axis", int64_t{0}}});
  file.node("Conv", {"x_real", "w", "b"}, "c", {{"pads", OnnxNumbers{1, 1, 1, 1}}});
  return file;
}

TEST(OnnxInt8, ConvTakesTheReluBehindIt) {
  Int8File plain = conv(u8(120)), relu = conv(u8(120));
  plain.output("c", 0.03f, u8(100)).expect("quantize quantized_conv2d dequantize");
  relu.node("Relu", {"c"}, "r").quantized("r", 0.03f, u8(20)).node("Identity", {"r_real"}, "y");
  EXPECT_EQ(relu.int8_types(), "quantize quantized_conv2d dequantize");
  const Tensor y = nn::run(relu.int8().graph, images());
  EXPECT_EQ(*std::min_element(y.data<float>(), y.data<float>() + y.numel()), 0.0f);
}

TEST(OnnxInt8, SignedCodesAreUnsignedOnes128Apart) {
  Int8File low = conv(i8(-8)), high = conv(u8(120));
  low.output("c", 0.03f, i8(-28)).expect("quantize quantized_conv2d dequantize");
  high.output("c", 0.03f, u8(100));
  EXPECT_TRUE(bits_equal(nn::run(low.int8().graph, images()), nn::run(high.int8().graph, images())));
}

TEST(OnnxInt8, ClampsBehindALayerAreThoseOfCodes) {
  const auto clipped = [](float s, uint8_t z) {
    Int8File file = conv(u8(120));
    file.tensor("min", scale(0)).tensor("max", scale(6)).node("Clip", {"c", "min", "max"}, "r").output("r", s, u8(z));
    return file;
  };
  clipped(0.05f, 10).expect("quantize quantized_conv2d quantized_relu6 dequantize");
  clipped(6.0f / 255, 0).expect("quantize quantized_conv2d dequantize");  // no code lies beyond
  Int8File file = conv(u8(120));
  file.tensor("min", scale(-1)).tensor("max", scale(2)).node("Clip", {"c", "min", "max"}, "r").output("r", 0.02f, u8(128));
  file.expect("quantize quantized_conv2d quantized_hardtanh dequantize");
}

TEST(OnnxInt8, WeightsMayBeUnsigned) {
  const auto file = [](uint8_t zero_point, const Tensor& codes) {
    Int8File file;
    file.quantized("x", 0.02f, u8(120)).weight(codes, scale(0.01f), u8(zero_point));
    file.node("Conv", {"x_real", "w"}, "c").output("c", 0.05f, u8(100));
    return file;
  };
  file(128, weights(DType::u8)).expect("quantize quantized_conv2d dequantize");
  const Int8File wide = file(3, weights(DType::u8));  // 255 - 3 is no int8
  wide.expect("quantize dequantize conv2d quantize dequantize");
  EXPECT_NE(wide.int8().notes.at(0).find("in float, between codes: c (Conv2d)"), std::string::npos);
  const Tensor few = Tensor::full({6, 4, 3, 3}, 90).to(DType::u8);
  file(3, few).expect("quantize quantized_conv2d dequantize");
}

TEST(OnnxInt8, GemmOfEitherOrder) {
  const Tensor w = random_codes({5, 168}, DType::qint8, 3).view_as(DType::i8);
  Tensor turned({168, 5}, DType::i8);
  for (int64_t k = 0; k < 5; ++k)
    for (int64_t c = 0; c < 168; ++c) turned.data<int8_t>()[c * 5 + k] = w.data<int8_t>()[k * 168 + c];
  const Tensor s = Tensor::from(std::vector<float>{0.01f, 0.02f, 0.03f, 0.01f, 0.05f}, {5}), z = Tensor::zeros({5}, DType::i8);
  Int8File rows, columns, matmul;
  for (Int8File* f : {&rows, &columns, &matmul})
    f->quantized("x", 0.02f, u8(120)).node("Flatten", {"x_real"}, "f").quantized("f", 0.02f, u8(120));
  rows.weight(w, s, z).node("Gemm", {"f_real", "w"}, "g", {{"transB", int64_t{1}}});
  columns.weight(turned, s, z, 1).node("Gemm", {"f_real", "w"}, "g");
  matmul.weight(turned, s, z, 1).node("MatMul", {"f_real", "w"}, "g");
  for (Int8File* f : {&rows, &columns, &matmul})
    f->output("g", 0.3f, u8(128)).expect("quantize quantized_flatten quantized_linear dequantize");
}

TEST(OnnxInt8, ALayerWithoutCodesBehindItIsFloat) {
  Int8File file = conv(u8(120));
  file.node("Relu", {"c"}, "y");
  EXPECT_EQ(file.int8_types(), "quantize dequantize conv2d relu");
  EXPECT_TRUE(bits_equal(nn::run(file.int8().graph, images()), file.run(images())));
}

/// x and 2x as codes of different scales.
Int8File two() {
  Int8File file;
  file.quantized("x", 0.02f, u8(120)).node("Add", {"x_real", "x_real"}, "d").quantized("d", 0.05f, u8(130));
  return file;
}
const std::string kTwo = "quantize quantized_add ";

TEST(OnnxInt8, ALayerOfManyScalesIsFloat) {
  Int8File few = conv(u8(120)), many = conv(u8(120));
  for (Int8File* f : {&few, &many}) {
    const int copies = f == &few ? 2 : 6;
    std::vector<std::string> parts;
    for (int i = 0; i < copies; ++i) {
      const std::string n = str("c", i);
      f->tensor(n + "_s", scale(0.03f + 0.001f * static_cast<float>(i))).tensor(n + "_z", u8(100));
      f->node("QuantizeLinear", {"c", n + "_s", n + "_z"}, n).node("DequantizeLinear", {n, n + "_s", n + "_z"}, n + "_real");
      parts.push_back(n + "_real");
    }
    f->node("Concat", parts, "k", {{"axis", int64_t{1}}}).output("k", 0.03f, u8(100));
  }
  few.expect("quantize quantized_conv2d quantized_conv2d quantized_cat dequantize");
  EXPECT_NE(many.int8_types().find("quantize dequantize conv2d quantize quantize"), std::string::npos) << many.int8_types();
}

TEST(OnnxInt8, OperatorsOfTwo) {
  Int8File add = two(), relu = two(), mul = two(), cat = two();
  add.node("Add", {"x_real", "d_real"}, "z").output("z", 0.06f, u8(100)).expect(kTwo + "quantized_add dequantize");
  relu.node("Add", {"x_real", "d_real"}, "z")
      .node("Relu", {"z"}, "r")
      .output("r", 0.06f, u8(10))
      .expect(kTwo + "quantized_add dequantize");
  mul.node("Mul", {"x_real", "d_real"}, "z").output("z", 0.1f, u8(20)).expect(kTwo + "quantized_mul dequantize");
  cat.node("Concat", {"x_real", "d_real"}, "z", {{"axis", int64_t{1}}}).output("z", 0.04f, u8(128));
  cat.expect(kTwo + "quantized_cat dequantize");
  Int8File gate;
  gate.quantized("x", 0.02f, u8(120)).node("GlobalAveragePool", {"x_real"}, "p").quantized("p", 0.004f, u8(128));
  gate.node("Mul", {"x_real", "p_real"}, "z").output("z", 0.01f, u8(128));
  gate.expect("quantize quantized_adaptive_avg_pool2d quantized_mul dequantize");
}

/// One operator on codes of x.
Int8File one(const char* type, float s, const Tensor& zero_point, const std::vector<OnnxAttribute>& attributes = {}) {
  Int8File file;
  file.quantized("x", 0.03f, u8(120)).node(type, {"x_real"}, "z", attributes).output("z", s, zero_point);
  return file;
}

TEST(OnnxInt8, FunctionsOfOneValueAreTables) {
  one("Sigmoid", 1.0f / 256, u8(0)).expect("quantize quantized_sigmoid dequantize");
  one("Sigmoid", 0.003f, u8(5)).expect("quantize quantized_activation dequantize");
  one("Tanh", 0.007f, i8(0)).expect("quantize quantized_activation dequantize");
  one("HardSwish", 0.02f, u8(20)).expect("quantize quantized_hardswish dequantize");
  one("LeakyRelu", 0.02f, u8(20)).expect("quantize quantized_leaky_relu dequantize");
  one("Relu", 0.03f, u8(120)).expect("quantize quantized_relu dequantize");
  one("Relu", 0.02f, u8(0)).expect("quantize quantized_activation dequantize");
  Int8File silu;
  silu.quantized("x", 0.03f, u8(120))
      .node("Sigmoid", {"x_real"}, "s")
      .node("Mul", {"x_real", "s"}, "z")
      .output("z", 0.02f, u8(20));
  silu.expect("quantize quantized_activation dequantize");
}

TEST(OnnxInt8, WhatMovesValuesMovesCodes) {
  const OnnxAttribute kernel{"kernel_shape", OnnxNumbers{2, 2}};
  one("MaxPool", 0.03f, u8(120), {kernel}).expect("quantize quantized_max_pool2d dequantize");
  one("MaxPool", 0.02f, u8(100), {kernel}).expect("quantize quantized_max_pool2d quantized_cat dequantize");
  one("Flatten", 0.03f, u8(120)).expect("quantize quantized_flatten dequantize");
  Int8File again;
  again.quantized("x", 0.03f, u8(120)).output("x_real", 0.03f, u8(120)).expect("quantize dequantize");
  Int8File rescaled;
  rescaled.quantized("x", 0.03f, u8(120)).output("x_real", 0.04f, u8(110)).expect("quantize quantized_cat dequantize");
}

TEST(OnnxInt8, WhatMovesValuesStandsOnEitherSideOfCodes) {
  const OnnxAttribute kernel{"kernel_shape", OnnxNumbers{2, 2}};
  Int8File before = conv(u8(120)), behind = conv(u8(120));
  before.node("Relu", {"c"}, "r").node("MaxPool", {"r"}, "m", {kernel}).output("m", 0.03f, u8(20));
  before.expect("quantize quantized_conv2d quantized_max_pool2d dequantize");
  behind.quantized("c", 0.03f, u8(100))
      .node("MaxPool", {"c_real"}, "m", {kernel})
      .node("Add", {"m", "m"}, "a")
      .output("a", 0.05f, u8(90));
  behind.expect("quantize quantized_conv2d quantized_max_pool2d quantized_add dequantize");
  Int8File parts = conv(u8(120)), same = conv(u8(120));
  parts.node("Conv", {"x_real", "w"}, "d", {{"pads", OnnxNumbers{1, 1, 1, 1}}})
      .node("Relu", {"d"}, "r")
      .node("Concat", {"r", "x_real", "c"}, "k", {{"axis", int64_t{1}}})
      .output("k", 0.03f, u8(100));
  parts.expect("quantize quantized_conv2d quantized_conv2d quantized_cat dequantize");
  same.quantized("c", 0.03f, u8(100)).node("Concat", {"c_real", "c_real"}, "k", {{"axis", int64_t{1}}});
  same.node("Mul", {"k", "k"}, "m")
      .output("m", 0.05f, u8(10))
      .expect("quantize quantized_conv2d quantized_cat quantized_mul dequantize");
}

/// conv "c" -> codes with a scale for each channel -> depthwise conv "d".
Int8File per_channel(const Tensor& zero_points, const std::string& between = "") {
  Int8File file = conv(u8(120));
  Tensor s({6});
  for (int64_t k = 0; k < 6; ++k) s.data<float>()[k] = 0.02f + 0.005f * static_cast<float>(k);
  const std::string x = between.empty() ? "c" : "r";
  if (between == "Clip") file.tensor("min", scale(0)).tensor("max", scale(12)).node("Clip", {"c", "min", "max"}, "r");
  if (between == "HardSwish") file.node("HardSwish", {"c"}, "r");
  file.tensor("cs", s)
      .tensor("cz", zero_points)
      .node("QuantizeLinear", {x, "cs", "cz"}, "q")
      .node("DequantizeLinear", {"q", "cs", "cz"}, "q_real");
  file.tensor("dw", random_codes({6, 1, 3, 3}, DType::qint8, 5).view_as(DType::i8)).tensor("dz", Tensor::zeros({6}, DType::i8));
  file.node("DequantizeLinear", {"dw", "w_s", "dz"}, "d_w", {{"axis", int64_t{0}}});
  file.node("Conv", {"q_real", "d_w"}, "d", {{"group", int64_t{6}}}).output("d", 0.02f, u8(128));
  return file;
}

TEST(OnnxInt8, ScalesOfEachChannelBeforeADepthwiseConvAreItsWeights) {
  const Tensor low = Tensor::zeros({6}, DType::i8), high = Tensor::zeros({6}, DType::u8);
  per_channel(low).expect("quantize quantized_conv2d quantized_conv2d dequantize");
  per_channel(high, "Clip").expect("quantize quantized_conv2d quantized_conv2d dequantize");
  per_channel(low, "HardSwish").expect("quantize dequantize conv2d hardswish batch_norm quantize quantized_conv2d dequantize");
  Tensor apart = high.clone();
  apart.data<uint8_t>()[3] = 7;
  EXPECT_TRUE(fails_with([&] { per_channel(apart).int8(); }, {"has 6 scales, expected one for all channels"}));
}

TEST(OnnxInt8, ModelFilesKeepThem) {
  Int8File file = conv(u8(120));
  file.quantized("c", 0.03f, u8(100)).node("Sigmoid", {"c_real"}, "s").quantized("s", 0.003f, u8(5));
  file.node("GlobalAveragePool", {"s_real"}, "p")
      .quantized("p", 0.002f, u8(9))
      .node("LeakyRelu", {"p_real"}, "l", {{"alpha", 0.3}});
  file.output("l", 0.002f, u8(9))
      .expect("quantize quantized_conv2d quantized_activation quantized_adaptive_avg_pool2d quantized_leaky_relu dequantize");
  const Network net = file.int8();
  const nn::Graph loaded = quant::load_graph(quant::save_graph(net.graph, {}), "model");
  EXPECT_TRUE(bits_equal(nn::run(loaded, images()), nn::run(net.graph, images())));
  EXPECT_TRUE(bits_equal(nn::run(nn::optimize_for_inference(net.graph), images()), nn::run(net.graph, images())));
}

TEST(OnnxInt8, AveragesMayHaveAScaleOfTheirOwn) {
  const OnnxAttribute kernel{"kernel_shape", OnnxNumbers{2, 3}}, axes{"axes", OnnxNumbers{2, 3}}, drop{"keepdims", int64_t{0}};
  one("GlobalAveragePool", 0.03f, u8(120)).expect("quantize quantized_adaptive_avg_pool2d dequantize");
  one("GlobalAveragePool", 0.004f, u8(128)).expect("quantize quantized_adaptive_avg_pool2d dequantize");
  one("AveragePool", 0.011f, i8(0), {kernel}).expect("quantize quantized_avg_pool2d dequantize");
  one("ReduceMean", 0.004f, u8(128), {axes, drop}).expect("quantize quantized_adaptive_avg_pool2d quantized_flatten dequantize");
  one("ReduceMean", 0.03f, u8(120), {axes, drop}).expect("quantize quantized_mean dequantize");
}

TEST(OnnxInt8, ATransposeThatCancelsIsNothing) {
  Int8File file({-1, 7, 6, 4});
  file.node("Transpose", {"x"}, "t", {{"perm", OnnxNumbers{0, 3, 1, 2}}}).quantized("t", 0.02f, u8(120));
  file.node("Transpose", {"t_real"}, "n", {{"perm", OnnxNumbers{0, 2, 3, 1}}}).quantized("n", 0.02f, u8(120));
  file.node("Transpose", {"n_real"}, "m", {{"perm", OnnxNumbers{0, 3, 1, 2}}})
      .node("Relu", {"m"}, "r")
      .output("r", 0.02f, u8(120));
  file.expect("quantize quantized_relu dequantize", images());
}

TEST(OnnxInt8, WhatCannotBeIsNamed) {
  const auto refused = [](const Int8File& file, const std::string& why) {
    EXPECT_TRUE(fails_with([&] { file.int8(); }, {"net.onnx: ", why}));
  };
  refused(one("Relu", 0.03f, number(int16_t{0}, DType::i16)), "of int16 codes is not supported, expected int8 or uint8");
  Int8File channels, other, codes, blocks;
  channels.tensor("s", Tensor::full({4}, 0.1f)).node("QuantizeLinear", {"x", "s"}, "q").node("DequantizeLinear", {"q", "s"}, "y");
  refused(channels, "has 4 scales, expected one for all channels");
  other.quantized("x", 0.03f, u8(1)).tensor("s", scale(1)).node("DequantizeLinear", {"x_codes", "s", "x_z"}, "y");
  refused(other, "has scale 1 and zero point 1, the codes that it reads 0.03 and 1; expected the same");
  codes.quantized("x", 0.03f, u8(1)).node("Relu", {"x_codes"}, "y");
  refused(codes, "reads codes, expected a DequantizeLinear before it");
  blocks.tensor("s", scale(1))
      .node("QuantizeLinear", {"x", "s"}, "q", {{"block_size", int64_t{2}}})
      .node("DequantizeLinear", {"q", "s"}, "y");
  refused(blocks, "(block_size) is not supported");
  refused(one("Relu", 0.0f, u8(0)), "scale 0 is not a positive finite number");
}

}  // namespace
}  // namespace octet::networks::onnx
