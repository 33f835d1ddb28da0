// QOperator files: the same bits as the QDQ file of the same computation.
#include <gtest/gtest.h>

#include "networks/onnx/to_int8.h"
#include "tests/networks/onnx_file.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::networks::onnx {
namespace {

using test::bits_equal;
using test::fails_with;
using test::OnnxAttribute;
using test::OnnxFile;
using test::OnnxNumbers;
using test::random_codes;

constexpr const char *kConcat = "com.microsoft.QLinearConcat", *kGemm = "com.microsoft.QGemm";
Tensor images() { return test::random_floats({2, 4, 7, 6}, 1); }

/// x as codes "q" of scale "s" and zero point "z"; a second scale "t" and zero point "u".
OnnxFile file() {
  OnnxFile f({-1, 4, 7, 6});
  f.tensor("s", Tensor::full({}, 0.03f)).tensor("z", Tensor::full({}, 120).to(DType::u8));
  f.tensor("t", Tensor::full({}, 0.02f)).tensor("u", Tensor::full({}, 100).to(DType::u8));
  f.node("QuantizeLinear", {"x", "s", "z"}, "q");
  return f;
}
OnnxFile& real(OnnxFile& f, const std::string& codes = "q") {
  return f.node("DequantizeLinear", {codes, "s", "z"}, codes + "_real");
}
/// What "v" computes, as codes of the second scale, and these as the output.
OnnxFile& finish(OnnxFile& f) {
  return f.node("QuantizeLinear", {"v", "t", "u"}, "c").node("DequantizeLinear", {"c", "t", "u"}, "y");
}
OnnxFile& output(OnnxFile& f, const std::string& s = "t", const std::string& z = "u") {
  return f.node("DequantizeLinear", {"c", s, z}, "y");
}

Tensor int8_answer(const OnnxFile& f) {
  Network net = f.network();
  to_int8(net, ops::int8::Engine::fbgemm);
  for (const nn::Node& node : net.graph.nodes())  // everything but the first and last runs on codes
    EXPECT_TRUE(nn::info(node.op).gives == nn::op::Values::codes || nn::is<nn::op::Dequantize>(node.op) ||
                node.kind == nn::NodeKind::placeholder || node.kind == nn::NodeKind::output)
        << node.name;
  return nn::run(net.graph, images());
}
void expect_same(const OnnxFile& qoperator, const OnnxFile& qdq) {
  EXPECT_TRUE(bits_equal(int8_answer(qoperator), int8_answer(qdq)));
}

TEST(OnnxQOperator, Conv) {
  const OnnxAttribute pads{"pads", OnnxNumbers{1, 1, 1, 1}}, axis{"axis", int64_t{0}};
  OnnxFile a = file(), b = file();
  Tensor bias_scale({6}), ws({6});
  for (int64_t k = 0; k < 6; ++k)
    ws.data<float>()[k] = 0.001f * static_cast<float>(k + 1), bias_scale.data<float>()[k] = 0.03f * ws.data<float>()[k];
  for (OnnxFile* f : {&a, &b})
    f->tensor("w", random_codes({6, 4, 3, 3}, DType::qint8, 2).view_as(DType::i8))
        .tensor("ws", ws)
        .tensor("wz", Tensor::zeros({6}, DType::i8))
        .tensor("b", Tensor::from(std::vector<int32_t>{900, -4000, 3, 0, 20000, -7}, {6}, DType::i32))
        .tensor("bs", bias_scale);
  a.node("QLinearConv", {"q", "s", "z", "w", "ws", "wz", "t", "u", "b"}, "c", {pads});
  real(b).node("DequantizeLinear", {"w", "ws", "wz"}, "w_real", {axis}).node("DequantizeLinear", {"b", "bs"}, "b_real", {axis});
  b.node("Conv", {"q_real", "w_real", "b_real"}, "v", {pads});
  expect_same(output(a), finish(b));
}

TEST(OnnxQOperator, GemmAndMatMul) {
  const OnnxAttribute rows{"transB", int64_t{1}}, axis{"axis", int64_t{0}};
  OnnxFile a = file(), b = file(), c = file(), d = file(), floats = file();
  for (OnnxFile* f : {&a, &b, &c, &d, &floats}) {
    f->tensor("w", random_codes({5, 168}, DType::qint8, 3).view_as(DType::i8))
        .tensor("w2", random_codes({168, 5}, DType::qint8, 3).view_as(DType::i8));
    f->tensor("ws", Tensor::full({}, 0.01f)).tensor("wz", Tensor::zeros({}, DType::i8)).tensor("bs", Tensor::full({}, 0.0003f));
    f->tensor("b", Tensor::from(std::vector<int32_t>{900, -400, 3, 0, 200}, {5}, DType::i32)).node("Flatten", {"q"}, "f");
  }
  a.node(kGemm, {"f", "s", "z", "w", "ws", "wz", "b", "t", "u"}, "c", {rows});
  real(b, "f").node("DequantizeLinear", {"w", "ws", "wz"}, "w_real").node("DequantizeLinear", {"b", "bs"}, "b_real");
  b.node("Gemm", {"f_real", "w_real", "b_real"}, "v", {rows});
  expect_same(output(a), finish(b));
  c.node("QLinearMatMul", {"f", "s", "z", "w2", "ws", "wz", "t", "u"}, "c");
  real(d, "f").node("DequantizeLinear", {"w2", "ws", "wz"}, "w_real").node("MatMul", {"f_real", "w_real"}, "v");
  expect_same(output(c), finish(d));
  floats.node(kGemm, {"f", "s", "z", "w", "ws", "wz", "b"}, "y", {rows});  // without codes behind it
  EXPECT_EQ(floats.types(), "quantize dequantize flatten quantize dequantize linear");
}

TEST(OnnxQOperator, OperatorsOfOneAndTwo) {
  const auto same = [](const char* qoperator, const char* plain, const std::vector<OnnxAttribute>& attributes = {}) {
    OnnxFile a = file(), b = file();
    a.node(str("com.microsoft.", qoperator), {"q", "s", "z", "t", "u"}, "c", attributes);
    real(b).node(plain, {"q_real"}, "v", attributes);
    expect_same(output(a), finish(b));
  };
  same("QLinearGlobalAveragePool", "GlobalAveragePool");
  same("QLinearAveragePool", "AveragePool", {{"kernel_shape", OnnxNumbers{2, 2}}});
  same("QLinearSigmoid", "Sigmoid");
  same("QLinearLeakyRelu", "LeakyRelu", {{"alpha", 0.2}});
  for (const char* type : {"Add", "Mul"}) {
    OnnxFile a = file(), b = file();
    a.node(str("com.microsoft.QLinear", type), {"q", "s", "z", "q", "s", "z", "t", "u"}, "c");
    real(b).node(type, {"q_real", "q_real"}, "v");
    expect_same(output(a), finish(b));
  }
  OnnxFile a = file(), b = file();
  a.node(kConcat, {"t", "u", "q", "s", "z", "q", "s", "z"}, "c", {{"axis", int64_t{1}}});
  real(b).node("Concat", {"q_real", "q_real"}, "v", {{"axis", int64_t{1}}});
  expect_same(output(a), finish(b));
}

TEST(OnnxQOperator, OperatorsOnCodesThatMoveThem) {
  OnnxFile a = file(), b = file();
  a.node("MaxPool", {"q"}, "c", {{"kernel_shape", OnnxNumbers{2, 2}}});
  real(b).node("MaxPool", {"q_real"}, "m", {{"kernel_shape", OnnxNumbers{2, 2}}}).node("QuantizeLinear", {"m", "s", "z"}, "c");
  expect_same(output(a, "s", "z"), output(b, "s", "z"));
}

TEST(OnnxQOperator, WhatIsMissingIsNamed) {
  OnnxFile last = file(), few = file();
  last.node("com.microsoft.QLinearGlobalAveragePool", {"q", "s", "z", "t", "u"}, "c", {{"channels_last", int64_t{1}}});
  EXPECT_TRUE(fails_with([&] { output(last).network(); },
                         {"net.onnx: QLinearGlobalAveragePool 'c' with channels_last is not supported"}));
  few.node("QLinearConv", {"q", "s", "z"}, "c");
  EXPECT_TRUE(fails_with([&] { output(few).network(); }, {"net.onnx: QLinearConv 'c': its input 4 is missing"}));
  OnnxFile integer = file();
  integer.node("ConvInteger", {"q", "q"}, "y");
  EXPECT_TRUE(fails_with([&] { integer.network(); }, {"net.onnx: octet lacks ConvInteger, 1 node"}));
}

}  // namespace
}  // namespace octet::networks::onnx
