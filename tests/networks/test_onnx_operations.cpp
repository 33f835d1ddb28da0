// Each operator of ONNX that octet reads, in the forms that opset 9 to 21 have, beside octet's float ops on the same numbers. Those
// that only arrange values anew, and what is refused, are in test_onnx_views.cpp.
#include <gtest/gtest.h>

#include "ops/batch_norm.h"
#include "ops/channel_order.h"
#include "ops/conv/conv2d.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "tests/networks/onnx_file.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::networks::onnx {
namespace {

using ops::Activation;
using test::all_close;
using test::bits_equal;
using test::fails_with;
using test::OnnxAttribute;
using test::OnnxFile;
using test::OnnxNumbers;
using test::random_floats;

const Shape kImage{-1, 4, 7, 6};
Tensor images() { return random_floats({2, 4, 7, 6}, 1); }

/// [N, C, H, W] among zeros.
Tensor among_zeros(const Tensor& x, int64_t top, int64_t left, int64_t bottom, int64_t right) {
  const int64_t planes = x.size(0) * x.size(1), H = x.size(2), W = x.size(3), w = W + left + right;
  Tensor y = Tensor::zeros({x.size(0), x.size(1), H + top + bottom, w});
  for (int64_t p = 0; p < planes; ++p)
    for (int64_t h = 0; h < H; ++h)
      std::copy_n(x.data<float>() + (p * H + h) * W, W, y.data<float>() + (p * y.size(2) + h + top) * w + left);
  return y;
}

struct Conv {
  Tensor weight = random_floats({6, 4, 3, 3}, 2), bias = random_floats({6}, 3);
  Tensor y(const Tensor& x, const ops::Conv2dOptions& o = {}) const { return ops::conv2d(x, weight, bias, o); }
  Tensor run(const Shape& image, const Tensor& x, const std::vector<OnnxAttribute>& attributes) const {
    return OnnxFile(image).tensor("w", weight).tensor("b", bias).node("Conv", {"x", "w", "b"}, "y", attributes).run(x);
  }
};

TEST(OnnxConv, PadsStridesAndGroups) {
  const Conv c;
  const Tensor x = images();
  EXPECT_TRUE(bits_equal(c.run(kImage, x,
                               {{"kernel_shape", OnnxNumbers{3, 3}},
                                {"pads", OnnxNumbers{1, 0, 1, 0}},
                                {"strides", OnnxNumbers{1, 2}},
                                {"dilations", OnnxNumbers{1, 1}}}),
                         c.y(x, {.stride = {1, 2}, .padding = {1, 0}})));
  EXPECT_TRUE(bits_equal(c.run(kImage, x, {}), c.y(x)));
  EXPECT_TRUE(bits_equal(c.run(kImage, x, {{"auto_pad", "VALID"}}), c.y(x)));
  const Tensor depthwise = random_floats({4, 1, 3, 3}, 4);
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).tensor("w", depthwise).node("Conv", {"x", "w"}, "y", {{"group", int64_t{4}}}).run(x),
                         ops::conv2d(x, depthwise, {}, {.groups = 4})));
}

TEST(OnnxConv, Dilations) {
  const Conv c;
  const OnnxAttribute two{"dilations", OnnxNumbers{2, 2}};
  EXPECT_TRUE(bits_equal(c.run(kImage, images(), {two}), c.y(images(), {.dilation = 2})));
  EXPECT_TRUE(
      bits_equal(c.run(kImage, images(), {two, {"auto_pad", "SAME_UPPER"}}), c.y(images(), {.padding = 2, .dilation = 2})));
}

TEST(OnnxConv, PaddingOfOneSideIsThatOfAnImageAmongZeros) {
  const Conv c;
  for (const OnnxNumbers& p : {OnnxNumbers{0, 0, 1, 1}, {1, 1, 0, 0}, {2, 0, 0, 1}, {0, 1, 2, 3}})
    for (const int64_t stride : {1, 2})
      EXPECT_TRUE(all_close(c.run(kImage, images(), {{"pads", p}, {"strides", OnnxNumbers{stride, stride}}}),
                            c.y(among_zeros(images(), p[0], p[1], p[2], p[3]), {.stride = stride})))
          << p[0] << p[1] << p[2] << p[3];
}

TEST(OnnxConv, SameIsAsManyOutputsAsInputsByStride) {
  const Conv c;
  const Shape image{-1, 4, 7, 6};  // rows: 1 zero on each side; columns: one behind (upper) or before (lower)
  const std::vector<OnnxAttribute> two = {{"strides", OnnxNumbers{2, 2}}};
  auto upper = two, lower = two;
  upper.emplace_back("auto_pad", "SAME_UPPER"), lower.emplace_back("auto_pad", "SAME_LOWER");
  EXPECT_TRUE(all_close(c.run(image, images(), upper), c.y(among_zeros(images(), 1, 0, 1, 1), {.stride = 2})));
  EXPECT_TRUE(all_close(c.run(image, images(), lower), c.y(among_zeros(images(), 1, 1, 1, 0), {.stride = 2})));
  EXPECT_TRUE(all_close(c.run({-1, 4, -1, -1}, images(), {{"auto_pad", "SAME_UPPER"}}), c.y(images(), {.padding = 1})));
}

TEST(OnnxConv, APadBeforeItIsItsPadding) {
  const Conv c;
  OnnxFile by_input(kImage), by_attribute(kImage, 10);
  by_input.tensor("w", c.weight).tensor("b", c.bias).numbers("p", {0, 0, 0, 0, 0, 0, 1, 1}).node("Pad", {"x", "p"}, "a");
  by_attribute.tensor("w", c.weight).tensor("b", c.bias);
  by_attribute.node("Pad", {"x"}, "a", {{"pads", OnnxNumbers{0, 0, 0, 0, 0, 0, 1, 1}}, {"mode", "constant"}});
  for (OnnxFile* file : {&by_input, &by_attribute}) {
    file->node("Conv", {"a", "w", "b"}, "y", {{"strides", OnnxNumbers{2, 2}}});
    EXPECT_TRUE(all_close(file->run(images()), c.y(among_zeros(images(), 0, 0, 1, 1), {.stride = 2})));
    EXPECT_EQ(file->types(), "conv2d");
  }
}

TEST(OnnxConv, ConstantsOfEachChannelAreTakenIn) {
  const Conv c;
  const Tensor factor = random_floats({6, 1, 1}, 5), summand = random_floats({1, 6, 1, 1}, 6);
  OnnxFile file(kImage);
  file.tensor("w", c.weight).tensor("f", factor).tensor("s", summand).node("Conv", {"x", "w"}, "a");
  file.node("Mul", {"f", "a"}, "b").node("Add", {"b", "s"}, "c").node("Sub", {"c", "s"}, "d").node("Div", {"d", "f"}, "y");
  EXPECT_EQ(file.types(), "conv2d");
  EXPECT_TRUE(all_close(file.run(images()), ops::conv2d(images(), c.weight, {}, {}), 1e-5f));
}

TEST(OnnxScale, ConstantsElsewhereAreABatchNorm) {
  OnnxFile file(kImage);
  file.tensor("m", random_floats({1, 4, 1, 1}, 7)).tensor("s", Tensor::full({}, 2)).node("Sub", {"x", "m"}, "a");
  file.node("Div", {"a", "s"}, "y");
  EXPECT_EQ(file.types(), "batch_norm");
  const Tensor x = images(), y = file.run(x), mean = random_floats({1, 4, 1, 1}, 7);
  for (int64_t i = 0; i < x.numel(); ++i)
    ASSERT_NEAR(y.data<float>()[i], (x.data<float>()[i] - mean.data<float>()[i / 42 % 4]) / 2, 1e-6);
}

TEST(OnnxLinear, GemmAndMatMul) {
  const Tensor x = images(), rows = ops::flatten(x), weight = random_floats({5, 168}, 8), bias = random_floats({5}, 9);
  Tensor transposed({168, 5});
  for (int64_t k = 0; k < 5; ++k)
    for (int64_t i = 0; i < 168; ++i) transposed.data<float>()[i * 5 + k] = weight.data<float>()[k * 168 + i];
  const Tensor expected = ops::linear(rows, weight, bias);
  const auto file = [&](OnnxFile& f) -> OnnxFile& {
    return f.tensor("w", weight).tensor("t", transposed).tensor("b", bias).node("Flatten", {"x"}, "r", {{"axis", int64_t{1}}});
  };
  OnnxFile gemm(kImage), plain(kImage), matmul(kImage), scaled(kImage);
  EXPECT_TRUE(bits_equal(file(gemm).node("Gemm", {"r", "w", "b"}, "y", {{"transB", int64_t{1}}}).run(x), expected));
  EXPECT_TRUE(bits_equal(file(plain).node("Gemm", {"r", "t", "b"}, "y").run(x), expected));
  EXPECT_TRUE(bits_equal(file(matmul).node("MatMul", {"r", "t"}, "a").node("Add", {"a", "b"}, "y").run(x), expected));
  EXPECT_EQ(matmul.types(), "flatten linear");
  file(scaled).node("Gemm", {"r", "w", "b"}, "y", {{"transB", int64_t{1}}, {"alpha", 2.0}, {"beta", 0.5}});
  Tensor doubled = ops::linear(rows, weight, {});
  for (int64_t i = 0; i < 10; ++i) doubled.data<float>()[i] = 2 * doubled.data<float>()[i] + bias.data<float>()[i % 5] / 2;
  EXPECT_TRUE(all_close(scaled.run(x), doubled));
}

TEST(OnnxBatchNorm, IsOctets) {
  const Tensor x = images(), w = random_floats({4}, 10), b = random_floats({4}, 11), mean = random_floats({4}, 12);
  const Tensor var = Tensor::from({0.5f, 1, 2, 3}, {4});
  OnnxFile file(kImage);
  file.tensor("w", w).tensor("b", b).tensor("m", mean).tensor("v", var);
  file.node("BatchNormalization", {"x", "w", "b", "m", "v"}, "y", {{"epsilon", 0.001}, {"momentum", 0.8}});
  EXPECT_TRUE(bits_equal(file.run(x), ops::batch_norm(x, {w, b, mean, var, 0.001f})));
}

TEST(OnnxPools, MaxPool) {
  const Tensor x = images();
  const auto run = [&](std::vector<OnnxAttribute> attributes) {
    attributes.emplace_back("kernel_shape", OnnxNumbers{3, 3});
    return OnnxFile(kImage).node("MaxPool", {"x"}, "y", attributes).run(x);
  };
  EXPECT_TRUE(bits_equal(run({{"strides", OnnxNumbers{2, 2}}, {"pads", OnnxNumbers{1, 1, 1, 1}}, {"storage_order", int64_t{0}}}),
                         ops::max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1})));
  EXPECT_TRUE(bits_equal(run({}), ops::max_pool2d(x, {.kernel = 3, .stride = 1})));
  EXPECT_TRUE(bits_equal(run({{"strides", OnnxNumbers{2, 2}}, {"ceil_mode", int64_t{1}}}),
                         ops::max_pool2d(x, {.kernel = 3, .stride = 2, .ceil_mode = true})));
  // One column of padding behind 6: 3 positions, as ceil_mode has them; 7 rows have 3 either way.
  EXPECT_TRUE(bits_equal(run({{"strides", OnnxNumbers{2, 2}}, {"pads", OnnxNumbers{0, 0, 0, 1}}}),
                         ops::max_pool2d(x, {.kernel = 3, .stride = 2, .ceil_mode = true})));
}

TEST(OnnxPools, MaxPoolBehindAPadOfARelu) {
  OnnxFile file(kImage);
  file.numbers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Relu", {"x"}, "a").node("Pad", {"a", "p"}, "b");
  file.node("MaxPool", {"b"}, "y", {{"kernel_shape", OnnxNumbers{3, 3}}, {"strides", OnnxNumbers{2, 2}}});
  EXPECT_TRUE(bits_equal(file.run(images()), ops::max_pool2d(ops::relu(images()), {.kernel = 3, .stride = 2, .padding = 1})));
}

TEST(OnnxPools, AveragePool) {
  const Tensor x = images();
  const OnnxAttribute kernel{"kernel_shape", OnnxNumbers{3, 3}}, two{"strides", OnnxNumbers{2, 2}},
      pads{"pads", OnnxNumbers{1, 1, 1, 1}};
  const auto run = [&](const std::vector<OnnxAttribute>& attributes) {
    return OnnxFile(kImage).node("AveragePool", {"x"}, "y", attributes).run(x);
  };
  EXPECT_TRUE(bits_equal(run({kernel, two, pads}),
                         ops::avg_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1, .count_include_pad = false})));
  EXPECT_TRUE(bits_equal(run({kernel, two, pads, {"count_include_pad", int64_t{1}}}),
                         ops::avg_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1})));
  EXPECT_TRUE(bits_equal(run({kernel, two, {"ceil_mode", int64_t{1}}}),
                         ops::avg_pool2d(x, {.kernel = 3, .stride = 2, .ceil_mode = true})));
  OnnxFile padded(kImage);
  padded.numbers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"x", "p"}, "a").node("AveragePool", {"a"}, "y", {kernel, two});
  EXPECT_TRUE(bits_equal(padded.run(x), ops::avg_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1})));
}

TEST(OnnxPools, GlobalOnesAndMeans) {
  const Tensor x = images(), mean = ops::adaptive_avg_pool2d(x, 1), rows = mean.reshape({2, 4});
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).node("GlobalAveragePool", {"x"}, "y").run(x), mean));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).node("GlobalMaxPool", {"x"}, "y").run(x), ops::adaptive_max_pool2d(x, 1)));
  const OnnxAttribute no{"keepdims", int64_t{0}};
  EXPECT_TRUE(bits_equal(OnnxFile(kImage, 13).node("ReduceMean", {"x"}, "y", {{"axes", OnnxNumbers{2, 3}}}).run(x), mean));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage, 13).node("ReduceMean", {"x"}, "y", {{"axes", OnnxNumbers{-1, 2}}, no}).run(x), rows));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage, 18).numbers("a", {2, 3}).node("ReduceMean", {"x", "a"}, "y", {no}).run(x), rows));
  EXPECT_EQ(OnnxFile(kImage, 18).numbers("a", {-1, -2}).node("ReduceMean", {"x", "a"}, "y").types(), "adaptive_avg_pool2d");
}

TEST(OnnxActivations, EachIsOctets) {
  const Tensor x = images();
  const auto is = [&](OnnxFile& file, const char* type, Activation activation) {
    EXPECT_EQ(file.types(), type);
    EXPECT_TRUE(bits_equal(file.run(x), ops::activate(activation, x)));
  };
  const auto one = [&](const char* op, const char* type, Activation activation,
                       const std::vector<OnnxAttribute>& attributes = {}) {
    OnnxFile file(kImage);
    is(file.node(op, {"x"}, "y", attributes), type, activation);
  };
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).node("Relu", {"x"}, "y").run(x), ops::relu(x)));
  one("Sigmoid", "sigmoid", Activation::sigmoid);
  one("Tanh", "tanh", Activation::tanh);
  one("HardSigmoid", "hardsigmoid", Activation::hardsigmoid, {{"alpha", 1.0 / 6}});
  one("HardSwish", "hardswish", Activation::hardswish);
  one("LeakyRelu", "leaky_relu", {Activation::leaky_relu, 0.01f});
  one("LeakyRelu", "leaky_relu", {Activation::leaky_relu, 0.25f}, {{"alpha", 0.25}});
  one("Gelu", "gelu", Activation::gelu);
  one("Gelu", "gelu", Activation::gelu_tanh, {{"approximate", "tanh"}});
  one("Clip", "hardtanh", {Activation::hardtanh, -1, 0.5f}, {{"min", -1.0}, {"max", 0.5}});
  one("Clip", "relu6", Activation::relu6, {{"min", 0.0}, {"max", 6.0}});
  OnnxFile clip(kImage), silu(kImage), hard(kImage);
  is(clip.tensor("0", Tensor::full({}, 0)).tensor("6", Tensor::full({}, 6)).node("Clip", {"x", "0", "6"}, "y"), "relu6",
     Activation::relu6);
  is(silu.node("Sigmoid", {"x"}, "s").node("Mul", {"x", "s"}, "y"), "silu", Activation::silu);
  is(hard.node("HardSigmoid", {"x"}, "s", {{"alpha", 1.0 / 6}}).node("Mul", {"s", "x"}, "y"), "hardswish", Activation::hardswish);
  EXPECT_EQ(OnnxFile(kImage).tensor("0", Tensor::full({}, 0)).node("Clip", {"x", "0"}, "y").types(), "relu");
  EXPECT_EQ(OnnxFile(kImage).node("Clip", {"x"}, "a").node("Relu", {"a"}, "y").types(), "relu");
  const float most = std::numeric_limits<float>::max();
  one("Clip", "hardtanh", {Activation::hardtanh, 2, most}, {{"min", 2.0}});
  one("Clip", "hardtanh", {Activation::hardtanh, -most, 2}, {{"max", 2.0}});
  one("Clip", "hardtanh", {Activation::hardtanh, 1, 1}, {{"min", 3.0}, {"max", 1.0}});
}

/// What looks at each element by itself, or along channels, does so in tensors of any rank.
TEST(OnnxElementwise, OfAnyRank) {
  for (const Shape& shape : {Shape{5}, Shape{3, 4, 5}, Shape{2, 3, 4, 5, 2}}) {
    Shape declared = shape;
    declared[0] = -1;
    const Tensor x = random_floats(shape, 1);
    EXPECT_TRUE(bits_equal(OnnxFile(declared).node("Sigmoid", {"x"}, "y").run(x), ops::activate(Activation::sigmoid, x)));
    OnnxFile sum(declared);
    EXPECT_TRUE(bits_equal(sum.node("Relu", {"x"}, "r").node("Add", {"r", "x"}, "y").run(x), ops::add(ops::relu(x), x)));
  }
  const Tensor x = random_floats({3, 4, 5}, 1);
  const OnnxAttribute channels{"axis", int64_t{1}};
  OnnxFile both({-1, 4, 5});
  EXPECT_TRUE(bits_equal(both.node("Relu", {"x"}, "r").node("Concat", {"r", "x"}, "y", {channels}).run(x),
                         ops::cat_channels(std::vector<Tensor>{ops::relu(x), x})));
  EXPECT_TRUE(bits_equal(OnnxFile({-1, 4, 5}).node("Flatten", {"x"}, "y", {channels}).run(x), x.reshape({3, 20})));
}

/// ShuffleNet's shuffle, and its halves.
TEST(OnnxChannels, MovedSlicedAndSplit) {
  const Tensor x = images();
  OnnxFile shuffle(kImage);
  shuffle.numbers("five", {0, 2, 2, 7, 6}).numbers("four", {0, -1, 7, 6}).node("Reshape", {"x", "five"}, "a");
  shuffle.node("Transpose", {"a"}, "b", {{"perm", OnnxNumbers{0, 2, 1, 3, 4}}}).node("Reshape", {"b", "four"}, "y");
  EXPECT_EQ(shuffle.types(), "view permute view");
  EXPECT_TRUE(bits_equal(shuffle.run(x), ops::view_channels(ops::permute_channels(ops::view_channels(x, {2, 2}), {1, 0}), {4})));

  const OnnxAttribute channels{"axis", int64_t{1}};
  const Tensor swapped = ops::cat_channels(std::vector{ops::slice_channels(x, 1, 4), ops::slice_channels(x, 0, 1)});
  OnnxFile split(kImage), halves(kImage), old(kImage, 11), sliced(kImage);
  split.numbers("s", {1, 3}).node("Split", {"x", "s"}, "a b", {channels}).node("Concat", {"b", "a"}, "y", {channels});
  old.node("Split", {"x"}, "a b", {channels, {"split", OnnxNumbers{1, 3}}}).node("Concat", {"b", "a"}, "y", {channels});
  sliced.numbers("1", {1}).numbers("4", {4}).numbers("-9", {-9}).node("Slice", {"x", "-9", "1", "1"}, "a");
  sliced.node("Slice", {"x", "1", "4", "1"}, "b").node("Concat", {"b", "a"}, "y", {channels});
  for (const OnnxFile* file : {&split, &old, &sliced}) EXPECT_TRUE(bits_equal(file->run(x), swapped));
  OnnxFile sequence(kImage);  // as torch.onnx.export(dynamo=True) writes torch.split
  sequence.numbers("s", {1, 3}).numbers("0", {0}).numbers("-1", {-1}).node("SplitToSequence", {"x", "s"}, "p", {channels});
  sequence.node("SequenceAt", {"p", "0"}, "a").node("SequenceAt", {"p", "-1"}, "b").node("Concat", {"b", "a"}, "y", {channels});
  EXPECT_TRUE(bits_equal(sequence.run(x), swapped));
  halves.node("Split", {"x"}, "a b", {channels}).node("Add", {"a", "b"}, "y");
  EXPECT_TRUE(bits_equal(halves.run(x), ops::add(ops::slice_channels(x, 0, 2), ops::slice_channels(x, 2, 4))));
}

TEST(OnnxActivations, HardOnesInSingleSteps) {
  const Tensor x = images();
  const auto steps = [](OnnxFile& file) -> OnnxFile& {
    file.tensor("3", Tensor::full({}, 3)).tensor("0", Tensor::full({}, 0)).tensor("6", Tensor::full({}, 6));
    file.tensor("sixth", Tensor::full({1}, 1.0f / 6)).node("Add", {"x", "3"}, "a");
    return file.node("Clip", {"a", "0", "6"}, "c");
  };
  OnnxFile sigmoid(kImage), swish(kImage), swish_first(kImage);
  steps(sigmoid).node("Mul", {"c", "sixth"}, "y");
  steps(swish).node("Mul", {"x", "c"}, "m").node("Div", {"m", "6"}, "y");
  steps(swish_first).node("Mul", {"c", "sixth"}, "m").node("Mul", {"x", "m"}, "y");
  EXPECT_EQ(sigmoid.types(), "hardsigmoid");
  EXPECT_EQ(swish.types(), "hardswish");
  EXPECT_EQ(swish_first.types(), "hardswish");
  EXPECT_TRUE(bits_equal(swish.run(x), ops::activate(Activation::hardswish, x)));
}

TEST(OnnxPairs, AddMulConcat) {
  const Tensor x = images(), relu = ops::relu(x), mean = ops::adaptive_avg_pool2d(x, 1);
  const auto file = [](OnnxFile& f) -> OnnxFile& { return f.node("Relu", {"x"}, "r").node("GlobalAveragePool", {"x"}, "g"); };
  OnnxFile add(kImage), gate(kImage), cat(kImage), negative(kImage);
  EXPECT_TRUE(bits_equal(file(add).node("Add", {"x", "r"}, "y").run(x), ops::add(x, relu)));
  EXPECT_TRUE(bits_equal(file(gate).node("Mul", {"g", "r"}, "y").run(x), ops::multiply(mean, relu)));
  EXPECT_TRUE(bits_equal(file(cat).node("Concat", {"x", "r"}, "y", {{"axis", int64_t{1}}}).run(x),
                         ops::cat_channels(std::vector{x, relu})));
  EXPECT_TRUE(bits_equal(file(negative).node("Concat", {"x", "r"}, "y", {{"axis", int64_t{-3}}}).run(x),
                         ops::cat_channels(std::vector{x, relu})));
  EXPECT_EQ(add.types(), "relu add");  // nothing reads the average
}

/// As torch.onnx.export writes GELU where the opset has none, and as quant/formats/to_onnx.h does.
TEST(OnnxGelu, InSingleSteps) {
  const Tensor root = Tensor::full({}, 1.41421354f), one = Tensor::full({}, 1), half = Tensor::full({}, 0.5f);
  OnnxFile file(kImage), other(kImage);
  for (OnnxFile* f : {&file, &other}) f->tensor("root", root).tensor("one", one).tensor("half", half);
  file.node("Div", {"x", "root"}, "d").node("Erf", {"d"}, "e").node("Add", {"e", "one"}, "a").node("Mul", {"x", "a"}, "m");
  file.node("Mul", {"m", "half"}, "y");
  EXPECT_EQ(file.types(), "gelu");
  EXPECT_TRUE(bits_equal(file.run(images()), ops::activate(Activation::gelu, images())));
  other.node("Div", {"x", "root"}, "d").node("Erf", {"d"}, "e").node("Add", {"e", "one"}, "a").node("Mul", {"x", "a"}, "m");
  other.node("Add", {"m", "e"}, "y");  // the erf is read elsewhere, too
  EXPECT_TRUE(fails_with([&] { other.types(); }, {"octet lacks Erf"}));
}

TEST(OnnxGelu, ByTanhInSingleSteps) {
  OnnxFile file(kImage);
  file.tensor("cubic", Tensor::full({}, 0.044715f))
      .tensor("factor", Tensor::full({}, 0.7978845608f))
      .tensor("one", Tensor::full({}, 1));
  file.tensor("half", Tensor::full({}, 0.5f))
      .node("Mul", {"x", "x"}, "s")
      .node("Mul", {"s", "x"}, "c")
      .node("Mul", {"c", "cubic"}, "b");
  file.node("Add", {"x", "b"}, "sum").node("Mul", {"sum", "factor"}, "i").node("Tanh", {"i"}, "t").node("Add", {"t", "one"}, "a");
  file.node("Mul", {"x", "half"}, "h").node("Mul", {"h", "a"}, "y");
  EXPECT_EQ(file.types(), "gelu");
  EXPECT_TRUE(bits_equal(file.run(images()), ops::activate(Activation::gelu_tanh, images())));
}

}  // namespace
}  // namespace octet::networks::onnx
