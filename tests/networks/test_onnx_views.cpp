// Operators of ONNX that only arrange values anew: views, and Keras's order of dimensions; and what is refused of all operators, by name.
#include <gtest/gtest.h>

#include "ops/conv/conv2d.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/pool.h"
#include "tests/networks/onnx_file.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::networks::onnx {
namespace {

using test::all_close;
using test::bits_equal;
using test::fails_with;
using test::OnnxAttribute;
using test::OnnxFile;
using test::OnnxNumbers;
using test::random_floats;

const Shape kImage{-1, 4, 7, 6};
Tensor images() { return random_floats({2, 4, 7, 6}, 1); }

/// [N, H, W, C] of [N, C, H, W], in the same numbers of bytes.
Tensor last(const Tensor& x) { return to_channels_last(x); }

TEST(OnnxViews, FlattenInEachForm) {
  const Tensor x = images(), rows = ops::flatten(x);
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).node("Flatten", {"x"}, "y").run(x), rows));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).numbers("s", {0, -1}).node("Reshape", {"x", "s"}, "y").run(x), rows));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).numbers("s", {-1, 168}).node("Reshape", {"x", "s"}, "y").run(x), rows));
  EXPECT_TRUE(bits_equal(OnnxFile({5, 4, 7, 6}).numbers("s", {5, 168}).node("Reshape", {"x", "s"}, "y").run(x), rows));
  OnnxFile chain({-1, 4, -1, -1}, 11);  // x.view(x.size(0), -1), as older exporters write it
  chain.node("Shape", {"x"}, "s").node("Constant", {}, "zero", {{"value", Tensor::from(OnnxNumbers{0}, {}, DType::i64)}});
  chain.node("Gather", {"s", "zero"}, "n", {{"axis", int64_t{0}}}).node("Unsqueeze", {"n"}, "u", {{"axes", OnnxNumbers{0}}});
  chain.numbers("rest", {-1}).node("Concat", {"u", "rest"}, "to", {{"axis", int64_t{0}}}).node("Reshape", {"x", "to"}, "y");
  EXPECT_TRUE(bits_equal(chain.run(x), rows));
  EXPECT_EQ(chain.types(), "flatten");
}

TEST(OnnxViews, SizesAreWorkedOut) {
  OnnxFile file(kImage);  // [N, 4 * (7 - 1) / 2 * 2 + 4 * 6 * 3 + ...]: each step by itself must be right
  file.node("Shape", {"x"}, "s", {{"start", int64_t{1}}}).numbers("from", {1}).numbers("to", {9}).numbers("two", {2});
  file.node("Slice", {"s", "from", "to"}, "hw")
      .node("Slice", {"s", "zero", "from"}, "c")
      .numbers("zero", {0})
      .numbers("one", {1});
  file.node("Gather", {"hw", "zero"}, "h").node("Gather", {"hw", "one"}, "w").node("Mul", {"h", "w"}, "pixels");
  file.node("Mul", {"pixels", "c"}, "all").node("Add", {"all", "two"}, "more").node("Sub", {"more", "two"}, "same");
  file.node("Mul", {"same", "two"}, "twice")
      .node("Div", {"twice", "two"}, "rest")
      .node("Cast", {"rest"}, "i32", {{"to", int64_t{6}}});
  file.node("Squeeze", {"i32"}, "number").node("Unsqueeze", {"number", "zero"}, "again").numbers("n", {-1});
  file.node("Concat", {"n", "again"}, "shape", {{"axis", int64_t{0}}}).node("Reshape", {"x", "shape"}, "y");
  EXPECT_TRUE(bits_equal(file.run(images()), ops::flatten(images())));
}

TEST(OnnxViews, WhatWasAPixelMayBeOneAgain) {
  OnnxFile file(kImage, 13), squeeze(kImage, 11);
  file.numbers("axes", {2, 3}).node("GlobalAveragePool", {"x"}, "a").node("Squeeze", {"a", "axes"}, "b");
  file.node("Unsqueeze", {"b", "axes"}, "c").node("Mul", {"x", "c"}, "y");
  EXPECT_EQ(file.types(), "adaptive_avg_pool2d mul");
  EXPECT_TRUE(bits_equal(file.run(images()), ops::multiply(images(), ops::adaptive_avg_pool2d(images(), 1))));
  squeeze.node("GlobalAveragePool", {"x"}, "a").node("Squeeze", {"a"}, "y", {{"axes", OnnxNumbers{2, 3}}});
  EXPECT_EQ(squeeze.types(), "adaptive_avg_pool2d flatten");
}

TEST(OnnxViews, ChannelsLastAsKerasHasThem) {
  const Tensor kernel = random_floats({6, 4, 3, 3}, 2), bias = random_floats({6}, 3);
  const Tensor dense = random_floats({7 * 6 * 6, 3}, 13);  // rows in the order of [H, W, C]
  OnnxFile file({-1, 7, 6, 4});
  file.tensor("w", kernel).tensor("b", bias).tensor("d", dense).numbers("rows", {-1, 252});
  file.node("Transpose", {"x"}, "p", {{"perm", OnnxNumbers{0, 3, 1, 2}}})
      .node("Conv", {"p", "w", "b"}, "a", {{"auto_pad", "SAME_UPPER"}});
  file.node("Transpose", {"a"}, "l", {{"perm", OnnxNumbers{0, 2, 3, 1}}}).node("Relu", {"l"}, "r").node("Add", {"r", "l"}, "s");
  file.node("Concat", {"s", "s"}, "cat", {{"axis", int64_t{3}}}).node("ReduceMean", {"cat"}, "m", {{"axes", OnnxNumbers{1, 2}}});
  file.node("Reshape", {"s", "rows"}, "f").node("MatMul", {"f", "d"}, "y");
  EXPECT_EQ(file.types(), "conv2d relu add flatten linear");
  const Tensor a = ops::conv2d(images(), kernel, bias, {.padding = 1}), s = last(ops::add(ops::relu(a), a)).reshape({2, 252});
  Tensor weight({3, 252});
  for (int64_t k = 0; k < 3; ++k)
    for (int64_t i = 0; i < 252; ++i) weight.data<float>()[k * 252 + i] = dense.data<float>()[i * 3 + k];
  EXPECT_TRUE(all_close(file.run(images()), ops::linear(s, weight, {}), 1e-5f, 1e-4f));
  EXPECT_EQ(file.network().graph.nodes().front().name, "x");
}

TEST(OnnxViews, ChannelsLastThatAreRescaledFirst) {
  const Tensor kernel = random_floats({6, 4, 3, 3}, 2), factors = random_floats({1, 1, 1, 4}, 3), half = Tensor::full({}, 0.5f);
  OnnxFile file({-1, 7, 6, 4});
  file.tensor("w", kernel).tensor("f", factors).tensor("half", half);
  file.node("Mul", {"x", "half"}, "a").node("Sub", {"a", "f"}, "b");
  file.node("Transpose", {"b"}, "p", {{"perm", OnnxNumbers{0, 3, 1, 2}}}).node("Conv", {"p", "w"}, "y");
  Tensor x = images().clone();
  for (int64_t i = 0; i < x.numel(); ++i) {
    float& value = x.data<float>()[i];
    value = value * 0.5f - factors.data<float>()[i / (x.size(2) * x.size(3)) % x.size(1)];
  }
  EXPECT_TRUE(all_close(file.run(images()), ops::conv2d(x, kernel, {}, {}), 1e-5f, 1e-4f));
}

TEST(OnnxViews, NothingIsLeftOfTheseAtInference) {
  OnnxFile file(kImage);
  file.node("Identity", {"x"}, "a").node("Cast", {"a"}, "b", {{"to", int64_t{1}}}).node("Dropout", {"b"}, "c", {{"ratio", 0.2}});
  file.node("Flatten", {"c"}, "d").node("Softmax", {"d"}, "y", {{"axis", int64_t{1}}}, "probabilities");
  EXPECT_EQ(file.types(), "dropout flatten");
  EXPECT_TRUE(bits_equal(file.run(images()), ops::flatten(images())));
  ASSERT_EQ(file.network().notes.size(), 1u);
  EXPECT_NE(file.network().notes[0].find("the Softmax at its end, 'probabilities', is left out"), std::string::npos);
}

TEST(OnnxRefused, AllAtOnceByName) {
  OnnxFile file(kImage);
  file.node("Erf", {"x"}, "a", {}, "first").node("Erf", {"a"}, "b", {}, "second").node("Sign", {"x"}, "c");
  file.node("MaxPool", {"x"}, "d", {{"kernel_shape", OnnxNumbers{2, 2}}, {"pads", OnnxNumbers{2, 2, 2, 2}}}, "wide");
  file.node("Relu", {"d"}, "y");
  EXPECT_TRUE(fails_with([&] { file.network(); },
                         {"net.onnx: octet lacks Erf, 2 nodes, first 'first'; Sign, 1 node: the node of 'c'; MaxPool 'wide': "
                          "pads [2, 2, 2, 2] are more than half of the kernel (2, 2)"}));
}

TEST(OnnxRefused, OptionsThatOctetLacks) {
  const Tensor w = random_floats({2, 4, 3, 3}, 1), number = Tensor::full({}, 2);
  const auto refused = [&](const char* type, const std::vector<std::string>& inputs, const std::vector<OnnxAttribute>& attributes,
                           const char* words) {
    OnnxFile file(kImage);
    file.tensor("w", w)
        .tensor("two", number)
        .tensor("nan", Tensor::full({}, NAN))
        .tensor("row", random_floats({6}, 1))
        .numbers("pads", {0, 0, 1, 1, 0, 0, 1, 1})
        .tensor("t", random_floats({4, 2, 3, 3}, 1))
        .tensor("fifth", Tensor::from({1, 1, 0.2f, 1}, {4}))
        .tensor("scales", Tensor::from({1, 1, 1.5f, 2}, {4}))
        .numbers("n", {8, 21});
    file.node("GlobalAveragePool", {"x"}, "g").node("MaxPool", {"x"}, "small", {{"kernel_shape", OnnxNumbers{2, 2}}});
    EXPECT_TRUE(
        fails_with([&] { file.node(type, inputs, "y", attributes, "it").network(); }, {"net.onnx: ", type, "'it': ", words}))
        << type;
  };
  const OnnxAttribute three{"kernel_shape", OnnxNumbers{3, 3}};
  refused("Conv", {"x", "w"}, {{"auto_pad", "OTHER"}}, "auto_pad 'OTHER', expected NOTSET");
  refused("Conv", {"x", "x"}, {}, "input 1 is computed, expected a constant");
  refused("Conv", {"w", "w"}, {}, "input 0 is a constant, expected a value");
  refused("Conv", {"x", "w"}, {{"pads", OnnxNumbers{1, 1}}}, "'pads' has 2 numbers, expected 4");
  refused("Conv", {"x", "w"}, {{"pads", OnnxNumbers{-1, 0, 0, 0}}}, "pads [-1, 0, 0, 0], expected 0 to");
  refused("Conv", {"x", "w"}, {{"strides", OnnxNumbers{0, 1}}}, "'strides' has 0, expected 1 to");
  refused("Conv", {"x", "w"}, {{"group", "one"}}, "attribute 'group' is not a whole number");
  refused("Conv", {"x", "w"}, {{"kernel_shape", OnnxNumbers{5, 5}}}, "kernel_shape (5, 5), expected (3, 3)");
  refused("Gemm", {"x", "w"}, {}, "its weight is [2, 4, 3, 3], expected 2 dimensions");
  refused("MaxPool", {"x"}, {}, "kernel_shape");
  refused("MaxPool", {"x"}, {three, {"pads", OnnxNumbers{0, 0, 5, 5}}}, "padding 0 before and 5 behind is not supported");
  refused("AveragePool", {"x"}, {three, {"pads", OnnxNumbers{0, 0, 1, 1}}, {"count_include_pad", int64_t{1}}},
          "counts and is not the same");
  refused("ReduceMean", {"x"}, {{"axes", OnnxNumbers{1}}},
          "over axes [1] of [N, 4, 7, 6] is not supported, expected height and width");
  refused("Clip", {"x", "nan"}, {}, "from nan to inf, expected numbers");
  refused("Gelu", {"x"}, {{"approximate", "fast"}}, "approximate 'fast', expected none or tanh");
  refused("Conv", {"x", "w"}, {{"dilations", OnnxNumbers{2, 2}}, {"pads", OnnxNumbers{0, 0, 1, 1}}}, "with padding of one side");
  refused("Split", {"x"}, {{"axis", int64_t{2}}}, "along axis 2 is not supported, expected channels: 1");
  refused("Split", {"x"}, {{"axis", int64_t{1}}, {"split", OnnxNumbers{1, 9}}}, "into [1, 9] of 4 channels");
  refused("SequenceAt", {"x", "n"}, {}, "is no sequence, expected that of SplitToSequence");
  refused("SplitToSequence", {"x", "n"}, {{"axis", int64_t{1}}}, "into [8, 21] of 4 channels");
  refused("Slice", {"x", "n", "n"}, {}, "along 2 axes, or with steps, is not supported");
  refused("HardSigmoid", {"x"}, {}, "with alpha 0.2 and beta 0.5 is not supported");
  refused("Add", {"x", "g"}, {}, "of [N, 4, 7, 6] and [N, 4, 1, 1] is not supported, expected equal shapes");
  refused("Add", {"x", "row"}, {}, "and a constant [6] is not supported, expected a number for each channel");
  refused("Mul", {"x", "small"}, {}, "is not supported, expected equal shapes, or a gate");
  refused("Sub", {"x", "g"}, {}, "of two values that the network computes is not supported");
  refused("Concat", {"x", "x"}, {{"axis", int64_t{2}}}, "along dimension 2 of 4 is not supported, expected channels");
  refused("Reshape", {"x", "n"}, {}, "from [N, 4, 7, 6] to [8, 21]");
  refused("Transpose", {"x"}, {{"perm", OnnxNumbers{0, 1, 3, 2}}}, "with perm [0, 1, 3, 2] is not supported");
  refused("Flatten", {"x"}, {{"axis", int64_t{2}}}, "from axis 2 on is not supported, expected 1");
  refused("Pad", {"x", "pads"}, {{"mode", "wrap"}}, "mode 'wrap' is not supported, expected constant, reflect or edge");
  refused("AveragePool", {"x"}, {three, {"dilations", OnnxNumbers{2, 2}}}, "dilations (2, 2) are not supported");
  refused("Resize", {"x", "", "two"}, {}, "by 1 numbers is not supported, expected height and width alone");
  refused("Resize", {"x", "", "scales"}, {{"mode", "cubic"}}, "mode 'cubic' by 'half_pixel' is not supported");
  refused("Resize", {"x", "", "scales"}, {{"nearest_mode", "ceil"}}, "nearest by 'half_pixel' and 'ceil' is not supported");
  const OnnxAttribute linear{"mode", "linear"}, by{"coordinate_transformation_mode", "pytorch_half_pixel"};
  refused("Resize", {"x", "", "fifth"}, {linear, by}, "linear by pytorch_half_pixel to [N, 4, 1, 6] is not supported");
  refused("Resize", {"x", "", "fifth"}, {linear, {"coordinate_transformation_mode", "align_corners"}}, "no whole number");
  refused("ConvTranspose", {"x", "t"}, {{"output_shape", OnnxNumbers{9, 9}}}, "with output_shape is not supported");
  refused("ConvTranspose", {"x", "t"}, {{"pads", OnnxNumbers{0, 0, 1, 1}}}, "that come to [-1, -1] is not supported");
  refused("Softmax", {"x"}, {}, "of [N, 4, 7, 6] along axis -1 is not supported, expected channels: 1");
  refused("LayerNormalization", {"x", "row"}, {{"axis", int64_t{0}}}, "from axis 0 on is not supported");
  refused("GroupNormalization", {"x", "row", "row"}, {{"num_groups", int64_t{3}}}, "of 3 groups of [N, 4, 7, 6]");
  refused("Cast", {"x"}, {{"to", int64_t{7}}}, "to type 7 is not supported, expected floats");
  refused("Relu", {"nothing"}, {}, "the value 'nothing' is never made");
}

}  // namespace
}  // namespace octet::networks::onnx
