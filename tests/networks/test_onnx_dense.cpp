// Operators of ONNX that give images, and norms, beside octet's float ops on the same numbers; and what octet itself writes, read back.
#include <gtest/gtest.h>

#include "networks/pt2/to_graph.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/conv_transpose2d.h"
#include "ops/elementwise.h"
#include "ops/interpolate.h"
#include "ops/layer_norm.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/prelu.h"
#include "ops/softmax.h"
#include "quant/formats/to_onnx.h"
#include "tests/networks/onnx_file.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::networks::onnx {
namespace {

using ops::InterpolateMode;
using test::all_close;
using test::bits_equal;
using test::OnnxFile;
using test::OnnxNumbers;
using test::random_floats;

const Shape kImage{-1, 4, 7, 6};
Tensor images() { return random_floats({2, 4, 7, 6}, 1); }

TEST(OnnxDense, ConvTranspose) {
  const Tensor w = random_floats({4, 3, 3, 2}, 2), b = random_floats({6}, 3);
  OnnxFile file(kImage);
  file.tensor("w", w).tensor("b", b).node("ConvTranspose", {"x", "w", "b"}, "y",
                                          {{"group", int64_t{2}},
                                           {"strides", OnnxNumbers{2, 3}},
                                           {"pads", OnnxNumbers{1, 0, 1, 0}},
                                           {"output_padding", OnnxNumbers{1, 2}},
                                           {"dilations", OnnxNumbers{1, 2}}});
  const ops::ConvTranspose2dOptions o{
      .stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}, .groups = 2, .dilation = {1, 2}};
  EXPECT_TRUE(bits_equal(file.run(images()), ops::conv_transpose2d(images(), w, b, o)));
  OnnxFile uneven(kImage);  // fewer rows cut off at the end: rows more there
  uneven.tensor("w", w).node("ConvTranspose", {"x", "w"}, "y",
                             {{"group", int64_t{2}}, {"strides", OnnxNumbers{2, 2}}, {"pads", OnnxNumbers{1, 1, 0, 0}}});
  EXPECT_TRUE(bits_equal(uneven.run(images()),
                         ops::conv_transpose2d(images(), w, {}, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2})));
}

TEST(OnnxDense, ResizeInEachForm) {
  const Tensor x = images();
  const auto scales = [](OnnxFile file) {
    file.tensor("s", Tensor::from({1, 1, 2, 1.5f}, {4}));
    return file;
  };
  const Tensor nearest = ops::interpolate(x, {.factor_h = 2, .factor_w = 1.5}),
               linear = ops::interpolate(x, {.mode = InterpolateMode::bilinear, .factor_h = 2, .factor_w = 1.5}),
               corners = ops::interpolate(
                   x, {.mode = InterpolateMode::bilinear, .align_corners = true, .factor_h = 2, .factor_w = 1.5});
  EXPECT_TRUE(bits_equal(scales(OnnxFile(kImage, 9)).node("Upsample", {"x", "s"}, "y", {{"mode", "nearest"}}).run(x), nearest));
  EXPECT_TRUE(bits_equal(scales(OnnxFile(kImage, 10)).node("Resize", {"x", "s"}, "y").run(x), nearest));
  const std::vector<test::OnnxAttribute> floor{{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}};
  EXPECT_TRUE(bits_equal(scales(OnnxFile(kImage)).node("Resize", {"x", "", "s"}, "y", floor).run(x), nearest));
  EXPECT_TRUE(bits_equal(scales(OnnxFile(kImage)).node("Resize", {"x", "", "s"}, "y", {{"mode", "linear"}}).run(x), linear));
  EXPECT_TRUE(bits_equal(
      scales(OnnxFile(kImage))
          .node("Resize", {"x", "", "s"}, "y", {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}})
          .run(x),
      corners));
  const Tensor sized = ops::interpolate(x, {.size = {14, 18}});  // whole factors: all ways to the nearest pixel are the same
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).numbers("n", {1, 4, 14, 18}).node("Resize", {"x", "", "", "n"}, "y").run(x), sized));
  EXPECT_TRUE(bits_equal(
      OnnxFile(kImage, 18).numbers("n", {14, 18}).node("Resize", {"x", "", "", "n"}, "y", {{"axes", OnnxNumbers{2, 3}}}).run(x),
      sized));
}

TEST(OnnxDense, PadThatNobodyTakesIn) {
  const Tensor x = images();
  const auto padded = [](OnnxFile file) {
    file.numbers("p", {0, 0, 1, 2, 0, 0, 3, 0});
    return file;
  };
  EXPECT_TRUE(bits_equal(padded(OnnxFile(kImage)).node("Pad", {"x", "p"}, "a").node("Relu", {"a"}, "y").run(x),
                         ops::relu(ops::pad(x, {.left = 2, .top = 1, .bottom = 3}))));
  EXPECT_TRUE(bits_equal(padded(OnnxFile(kImage)).node("Pad", {"x", "p"}, "y", {{"mode", "edge"}}).run(x),
                         ops::pad(x, {.mode = ops::PadMode::replicate, .left = 2, .top = 1, .bottom = 3})));
  EXPECT_TRUE(bits_equal(padded(OnnxFile(kImage)).tensor("v", Tensor::full({}, 2)).node("Pad", {"x", "p", "v"}, "y").run(x),
                         ops::pad(x, {.left = 2, .top = 1, .bottom = 3, .value = 2})));
}

TEST(OnnxDense, Norms) {
  const Tensor x = images(), c = random_floats({4}, 2), d = random_floats({4}, 3), w = random_floats({6}, 4),
               b = random_floats({6}, 5);
  const auto with = [&](int64_t opset) {
    OnnxFile file(kImage, opset);
    file.tensor("c", c).tensor("d", d).tensor("w", w).tensor("b", b);
    return file;
  };
  EXPECT_TRUE(bits_equal(with(17).node("LayerNormalization", {"x", "w", "b"}, "y").run(x), ops::layer_norm(x, {6}, w, b, 1e-5f)));
  EXPECT_TRUE(bits_equal(with(17).node("InstanceNormalization", {"x", "c", "d"}, "y", {{"epsilon", 0.01}}).run(x),
                         ops::group_norm(x, 4, c, d, 0.01f)));
  EXPECT_TRUE(bits_equal(with(21).node("GroupNormalization", {"x", "c", "d"}, "y", {{"num_groups", int64_t{2}}}).run(x),
                         ops::group_norm(x, 2, c, d, 1e-5f)));
  OnnxFile old(kImage, 18);  // a factor for each group
  old.tensor("s", Tensor::from({2, 3}, {2})).tensor("t", Tensor::from({0, 1}, {2}));
  EXPECT_TRUE(bits_equal(old.node("GroupNormalization", {"x", "s", "t"}, "y", {{"num_groups", int64_t{2}}}).run(x),
                         ops::group_norm(x, 2, Tensor::from({2, 2, 3, 3}, {4}), Tensor::from({0, 0, 1, 1}, {4}), 1e-5f)));
}

/// As torch.onnx.export writes nn.GroupNorm.
TEST(OnnxDense, GroupNormInParts) {
  const Tensor c = random_floats({4, 1, 1}, 2), d = random_floats({4, 1, 1}, 3), x = images();
  OnnxFile file(kImage);
  file.numbers("g", {0, 2, -1}).tensor("one", Tensor::full({2}, 1)).tensor("zero", Tensor::zeros({2})).numbers("s", {0, 4, 7, 6});
  file.node("Reshape", {"x", "g"}, "a").node("InstanceNormalization", {"a", "one", "zero"}, "b").node("Reshape", {"b", "s"}, "e");
  file.tensor("c", c).tensor("d", d).node("Mul", {"e", "c"}, "f").node("Add", {"f", "d"}, "y");
  EXPECT_EQ(file.types(), "group_norm");
  EXPECT_TRUE(all_close(file.run(x), ops::group_norm(x, 2, c.reshape({4}), d.reshape({4}), 1e-5f)));
}

TEST(OnnxDense, Activations) {
  const Tensor x = images(), slope = random_floats({4, 1, 1}, 2);
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).node("Elu", {"x"}, "y", {{"alpha", 0.5}}).run(x),
                         ops::activate({ops::Activation::elu, 0.5f}, x)));
  EXPECT_TRUE(
      bits_equal(OnnxFile(kImage).tensor("s", slope).node("PRelu", {"x", "s"}, "y").run(x), ops::prelu(x, slope.reshape({4}))));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage).node("Softmax", {"x"}, "y", {{"axis", int64_t{1}}}).run(x), ops::softmax(x)));
  EXPECT_TRUE(bits_equal(OnnxFile(kImage)
                             .node("MaxPool", {"x"}, "y", {{"kernel_shape", OnnxNumbers{2, 2}}, {"dilations", OnnxNumbers{3, 2}}})
                             .run(x),
                         ops::max_pool2d(x, {.kernel = 2, .stride = 1, .dilation = {3, 2}})));
}

/// Every op of the network, written by octet in float and read back: the same results. (A layer norm is written in steps that are not.)
TEST(OnnxDense, WhatOctetWritesIsReadBack) {
  const nn::Graph graph = to_graph(read_pt2(loaders::File(test::golden_path("pt2/segments.pt2"))));
  const nn::Batch x(std::vector<Tensor>{random_floats({3, 3, 16, 16}, 1), random_floats({3, 2, 7, 9}, 2)});
  OnnxFile file(kImage);
  file.write(quant::to_onnx(graph, std::vector<Shape>{{3, 16, 16}, {2, 7, 9}}));
  const loaders::File written(file.path());
  const nn::Graph again = onnx::to_graph(read_onnx(written, file.path())).graph;
  const std::vector<Tensor> want = nn::run_all(graph, x), got = nn::run_all(again, x);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(all_close(got[i], want[i], 1e-5f, 1e-5f)) << i;
}

}  // namespace
}  // namespace octet::networks::onnx
