// The ops that networks from files bring, on the device against the CPU's: sums are added in the same order, so that bits are equal
// except where a gradient is gathered instead of spread.
#include "ops/channel_order.h"
#include "ops/elementwise.h"
#include "ops/int8/batch_norm.h"
#include "ops/int8/conv_transpose2d.h"
#include "ops/int8/layer_norm.h"
#include "ops/int8/mean.h"
#include "ops/int8/multiply.h"
#include "ops/int8/pool.h"
#include "ops/interpolate.h"
#include "ops/layer_norm.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/prelu.h"
#include "ops/softmax.h"
#include "tests/cuda/device.h"

namespace octet::ops {
namespace {

using test::back;
using test::bits_equal;
using test::codes_equal;
using test::random_codes;
using test::random_floats;
using test::there;

class DenseOps : public test::OnCuda {};

const Shape kImages = {2, 6, 7, 5};

TEST_F(DenseOps, Gates) {
  const Tensor x = random_floats(kImages, 1);
  for (const Shape& gate : {Shape{2, 6, 1, 1}, Shape{1, 6, 7, 5}, Shape{1, 1, 1, 1}, Shape{2, 1, 7, 1}}) {
    const Tensor g = random_floats(gate, 2);
    EXPECT_TRUE(bits_equal(back(multiply(there(x), there(g))), multiply(x, g))) << gate;
    EXPECT_TRUE(bits_equal(back(multiply(there(g), there(x))), multiply(g, x))) << gate;
    EXPECT_TRUE(bits_equal(back(sum_to(there(x), gate)), sum_to(x, gate))) << gate;
  }
}

TEST_F(DenseOps, ChannelsInAnotherOrder) {
  const Tensor x = random_floats({2, 2, 3, 4, 5}, 1);
  EXPECT_TRUE(bits_equal(back(permute_channels(there(x), {1, 0})), permute_channels(x, {1, 0})));
  const Tensor deep = random_floats({2, 2, 3, 4, 5, 3}, 1);
  EXPECT_TRUE(bits_equal(back(permute_channels(there(deep), {2, 0, 1})), permute_channels(deep, {2, 0, 1})));
  const Tensor codes = random_codes({2, 4, 5, 2, 3}, DType::quint8, 1);
  EXPECT_TRUE(codes_equal(back(int8::permute_channels(there(codes), {1, 0})), int8::permute_channels(codes, {1, 0})));
}

TEST_F(DenseOps, Pads) {
  const Tensor x = random_floats(kImages, 1);
  for (const PadOptions& o : {PadOptions{PadMode::constant, 1, 2, 3, 0, 0.5f}, PadOptions{PadMode::constant, -1, 2, 0, -2, 0},
                              PadOptions{PadMode::reflect, 2, 3, 4, 1, 0}, PadOptions{PadMode::replicate, 3, 0, 1, 2, 0}}) {
    const Tensor y = pad(x, o), dy = random_floats(y.shape(), 2);
    EXPECT_TRUE(bits_equal(back(pad(there(x), o)), y));
    EXPECT_TRUE(test::all_close(back(pad_backward(there(dy), x.shape(), o)), pad_backward(dy, x.shape(), o)));
  }
}

TEST_F(DenseOps, Interpolations) {
  const Tensor x = random_floats(kImages, 1), codes = random_codes({2, 7, 5, 19}, DType::quint8, 1);
  for (const InterpolateMode mode : {InterpolateMode::nearest, InterpolateMode::bilinear})
    for (const bool align_corners : {false, true})
      for (const Size2 size : {Size2(14, 10), Size2(3, 2), Size2(9, 13), Size2(1, 1)}) {
        if (align_corners && mode == InterpolateMode::nearest) continue;
        const InterpolateOptions o{mode, align_corners, size, 0, 0};
        const Tensor y = interpolate(x, o), dy = random_floats(y.shape(), 2);
        EXPECT_TRUE(bits_equal(back(interpolate(there(x), o)), y)) << size;
        EXPECT_TRUE(test::all_close(back(interpolate_backward(there(dy), x.shape(), o)), interpolate_backward(dy, x.shape(), o)))
            << size;
        const int8::QParams q{0.1f, 120};
        EXPECT_TRUE(codes_equal(back(int8::interpolate(there(codes), o, q)), int8::interpolate(codes, o, q))) << size;
      }
  const InterpolateOptions twice{InterpolateMode::bilinear, false, 0, 2, 1.5};
  EXPECT_TRUE(bits_equal(back(interpolate(there(x), twice)), interpolate(x, twice)));
}

TEST_F(DenseOps, Averages) {
  const Tensor x = random_floats(kImages, 1), codes = random_codes({2, 7, 5, 6}, DType::quint8, 1);
  for (const AvgPool2dOptions& o :
       {AvgPool2dOptions{3, 2, 1}, AvgPool2dOptions{2, 2, 0, true}, AvgPool2dOptions{{3, 2}, {1, 2}, {1, 0}, false, false},
        AvgPool2dOptions{3, 1, 1, false, true, 5}}) {
    const Tensor y = avg_pool2d(x, o), dy = random_floats(y.shape(), 2);
    EXPECT_TRUE(bits_equal(back(avg_pool2d(there(x), o)), y));
    EXPECT_TRUE(test::all_close(back(avg_pool2d_backward(there(dy), x.shape(), o)), avg_pool2d_backward(dy, x.shape(), o)));
    for (const int8::Engine engine : int8::kEngines) {
      const int8::QParams q{0.1f, 131};
      if (o.ceil_mode && engine == int8::Engine::qnnpack) continue;  // refused
      EXPECT_TRUE(codes_equal(back(int8::avg_pool2d(there(codes), o, q, engine)), int8::avg_pool2d(codes, o, q, engine)));
    }
  }
  for (const int8::MeanRule rule : {int8::MeanRule::of_codes, int8::MeanRule::of_reals})
    for (const int64_t C : {6, 70}) {
      const Tensor z = random_codes({2, 9, 8, C}, DType::quint8, 3);
      EXPECT_TRUE(codes_equal(back(int8::mean(there(z), {0.07f, 99}, rule, false)), int8::mean(z, {0.07f, 99}, rule, false)));
    }
}

TEST_F(DenseOps, Softmaxes) {
  for (const Shape& shape : {kImages, Shape{5, 11}}) {
    const Tensor x = random_floats(shape, 1), y = softmax(x), dy = random_floats(shape, 2);
    EXPECT_TRUE(test::all_close(back(softmax(there(x))), y));
    EXPECT_TRUE(test::all_close(back(softmax_backward(there(dy), there(y))), softmax_backward(dy, y)));
  }
  const Tensor codes = random_codes({3, 4, 5, 9}, DType::quint8, 1);
  for (const int8::SoftmaxRule rule : {int8::SoftmaxRule::of_whole_numbers, int8::SoftmaxRule::of_reals})
    EXPECT_TRUE(codes_equal(back(int8::softmax(there(codes), {0.05f, 100}, rule)), int8::softmax(codes, {0.05f, 100}, rule)));
}

TEST_F(DenseOps, PRelu) {
  const Tensor x = random_floats(kImages, 1), dy = random_floats(kImages, 2);
  for (const int64_t weights : {1, 6}) {
    const Tensor w = random_floats({weights}, 3);
    EXPECT_TRUE(bits_equal(back(prelu(there(x), there(w))), prelu(x, w)));
    const PReluGradients want = prelu_backward(dy, x, w), got = prelu_backward(there(dy), there(x), there(w));
    EXPECT_TRUE(bits_equal(back(got.x), want.x));
    EXPECT_TRUE(bits_equal(back(got.weight), want.weight));
  }
}

void expect_gradients(const NormGradients& got, const NormGradients& want) {
  EXPECT_TRUE(test::all_close(back(got.x), want.x));
  for (const auto& [g, w] : {std::pair{got.weight, want.weight}, {got.bias, want.bias}}) {
    EXPECT_EQ(g.defined(), w.defined());
    if (w.defined()) {
      EXPECT_TRUE(test::all_close(back(g), w));
    }
  }
}

TEST_F(DenseOps, Norms) {
  const Tensor x = random_floats(kImages, 1), dy = random_floats(kImages, 2);
  for (const bool affine : {false, true}) {
    const Shape over{7, 5};
    const Tensor w = affine ? random_floats(over, 3) : Tensor(), b = affine ? random_floats(over, 4) : Tensor();
    const auto gone = [](const Tensor& t) { return t.defined() ? there(t) : t; };
    EXPECT_TRUE(test::all_close(back(layer_norm(there(x), over, gone(w), gone(b), 1e-5f)), layer_norm(x, over, w, b, 1e-5f)));
    expect_gradients(layer_norm_backward(there(dy), there(x), over, gone(w), gone(b), 1e-5f),
                     layer_norm_backward(dy, x, over, w, b, 1e-5f));
    const Tensor v = affine ? random_floats({6}, 5) : Tensor(), c = affine ? random_floats({6}, 6) : Tensor();
    for (const int64_t groups : {1, 2, 6}) {
      EXPECT_TRUE(
          test::all_close(back(group_norm(there(x), groups, gone(v), gone(c), 1e-5f)), group_norm(x, groups, v, c, 1e-5f)));
      expect_gradients(group_norm_backward(there(dy), there(x), groups, gone(v), gone(c), 1e-5f),
                       group_norm_backward(dy, x, groups, v, c, 1e-5f));
    }
  }
}

TEST_F(DenseOps, NormsOfCodes) {
  const Tensor x = random_codes({2, 7, 5, 6}, DType::quint8, 1);
  const int8::NormCodes codes{.input = {0.05f, 120}, .output = {0.02f, 130}, .eps = 1e-5f};
  const Tensor w = random_floats({6}, 1), b = random_floats({6}, 2), plane = random_floats({7, 5}, 3),
               shift = random_floats({7, 5}, 4);
  EXPECT_TRUE(codes_equal(back(int8::instance_norm(there(x), there(w), there(b), codes)), int8::instance_norm(x, w, b, codes)));
  EXPECT_TRUE(codes_equal(back(int8::instance_norm(there(x), {}, {}, codes)), int8::instance_norm(x, {}, {}, codes)));
  EXPECT_TRUE(codes_equal(back(int8::layer_norm(there(x), {7, 5}, there(plane), there(shift), codes)),
                          int8::layer_norm(x, {7, 5}, plane, shift, codes)));
  const Tensor rows = random_codes({9, 6}, DType::quint8, 2);
  EXPECT_TRUE(
      codes_equal(back(int8::layer_norm(there(rows), {6}, there(w), there(b), codes)), int8::layer_norm(rows, {6}, w, b, codes)));
  Tensor variance = random_floats({6}, 5);
  for (int i = 0; i < 6; ++i) variance.data<float>()[i] = std::fabs(variance.data<float>()[i]) + 0.1f;
  const BatchNormParams p{w, b, random_floats({6}, 4), variance};
  const BatchNormParams q{there(w), there(b), there(p.running_mean), there(variance)};
  for (const bool relu : {false, true}) {
    const int8::BatchNormCodes c{.input = {0.05f, 120}, .output = {0.02f, 60}, .relu = relu};
    EXPECT_TRUE(codes_equal(back(int8::batch_norm(there(x), q, c)), int8::batch_norm(x, p, c)));
  }
}

TEST_F(DenseOps, ProductsOfCodes) {
  const Tensor x = random_codes({2, 7, 5, 6}, DType::quint8, 1);
  for (const Shape& gate : {Shape{2, 1, 1, 6}, Shape{2, 7, 5, 6}})
    for (const bool relu : {false, true}) {
      const Tensor g = random_codes(gate, DType::quint8, 2);
      const int8::MultiplyParams p{.a = {0.05f, 120}, .b = {0.004f, 3}, .output = {0.03f, 100}, .relu = relu};
      EXPECT_TRUE(codes_equal(back(int8::multiply(there(x), there(g), p)), int8::multiply(x, g, p)));
    }
}

TEST_F(DenseOps, TransposedConvolutionsOfCodes) {
  for (const ConvTranspose2dOptions& o :
       {ConvTranspose2dOptions{.stride = 2, .padding = 1, .output_padding = 1},
        ConvTranspose2dOptions{.stride = {2, 3}, .groups = 2}, ConvTranspose2dOptions{.padding = 1, .dilation = 2}}) {
    int8::ConvTranspose2dParams p{};
    p.weight = random_codes({8, 6 / o.groups, 3, 3}, DType::qint8, 1);
    p.weight_scale = {0.01f};
    p.bias = random_floats({6}, 2);
    p.engine = int8::Engine::qnnpack;
    p.input = {0.05f, 120}, p.output = {0.08f, 99};
    p.options = o;
    const int8::ConvTranspose2d conv(p);
    const Tensor x = random_codes({2, 5, 4, 8}, DType::quint8, 3);
    EXPECT_TRUE(codes_equal(back(conv(there(x))), conv(x)));
  }
}

}  // namespace
}  // namespace octet::ops
