// Ops of networks that give images, and norms, against PyTorch: floats, gradients, and codes on every engine (tests/golden/golden_dense.py).
#include "ops/channels_last_pool.h"
#include "ops/conv/conv_transpose2d.h"
#include "ops/int8/conv_transpose2d.h"
#include "ops/int8/layer_norm.h"
#include "ops/int8/pool.h"
#include "ops/int8/scalar.h"
#include "ops/interpolate.h"
#include "ops/layer_norm.h"
#include "ops/pad.h"
#include "ops/prelu.h"
#include "ops/softmax.h"
#include "tests/support/compare.h"
#include "tests/support/golden_options.h"
#include "tests/support/make.h"

namespace octet::ops {
namespace {

using int8::Engine;
using int8::QParams;
using test::all_close;
using test::codes_equal;
using test::fails_with;
using test::Golden;
using test::size2;

// Sums of up to some hundred products in another order.
constexpr float kRelative = 2e-5f, kAbsolute = 1e-5f;

Golden golden(const char* name, int i) { return Golden(str("dense/", name, "_", i)); }

QParams qparams(const Golden& g, const std::string& key) {
  const auto values = g.floats(key);
  return {values[0], static_cast<int32_t>(values[1])};
}

/// [N, C, H, W] or [N, C] as octet has codes.
Tensor codes(const Golden& g, const std::string& key) { return to_channels_last(g[key].view_as(DType::quint8)); }

::testing::AssertionResult close(const Tensor& got, const Tensor& want) { return all_close(got, want, kRelative, kAbsolute); }

ConvTranspose2dOptions conv_transpose2d_options(const Golden& g) {
  return {size2(g, "stride"), size2(g, "padding"), size2(g, "output_padding"), static_cast<int64_t>(g.number("groups")),
          size2(g, "dilation")};
}

TEST(DenseGolden, ConvTranspose2d) {
  for (int i = 0; i < 8; ++i) {
    const Golden g = golden("conv_transpose2d", i);
    const ConvTranspose2dOptions o = conv_transpose2d_options(g);
    EXPECT_TRUE(close(conv_transpose2d(g["x"], g["w"], g["b"], o), g["y"])) << i;
    const Conv2dGradients d = conv_transpose2d_backward(g["dy"], g["x"], g["w"], o, {.bias = true});
    EXPECT_TRUE(close(d.x, g["dx"])) << i;
    EXPECT_TRUE(close(d.weight, g["dw"])) << i;
    EXPECT_TRUE(close(d.bias, g["db"])) << i;
  }
}

TEST(DenseGolden, ConvTranspose2dOfCodes) {
  int compared = 0;
  for (int i = 0; i < 8; ++i) {
    const Golden g = golden("conv_transpose2d", i);
    for (const Engine engine : int8::kEngines) {
      const std::string name(name_of(engine));
      if (!g.has(name)) continue;  // PyTorch refuses it, or is wrong
      const int8::ConvTranspose2d layer({{g["qw"].view_as(DType::qint8), g.floats("weight_scale"), g["qb"], false, engine,
                                          qparams(g, "input"), qparams(g, "output")},
                                         conv_transpose2d_options(g)});
      EXPECT_TRUE(codes_equal(layer(codes(g, "codes")), codes(g, name))) << name << " " << i;
      ++compared;
    }
  }
  EXPECT_GE(compared, 22);
}

TEST(DenseGolden, ConvTranspose2dChecks) {
  const Tensor x = Tensor::zeros({1, 2, 3, 3}), w = Tensor::zeros({2, 2, 3, 3});
  EXPECT_TRUE(
      fails_with([&] { conv_transpose2d(x, w, {}, {.output_padding = 1}); }, {"output_padding 1", "less than the stride 1"}));
  EXPECT_TRUE(fails_with([&] { conv_transpose2d(x, w, {}, {.padding = 4}); }, {"padding (4, 4) leave nothing"}));
  EXPECT_TRUE(fails_with([&] { conv_transpose2d(x, Tensor::zeros({3, 2, 3, 3}), {}); }, {"needs 3 channels"}));
  int8::ConvTranspose2dParams p{{w.to(DType::i8).view_as(DType::qint8), {1, 2}, {}, false, Engine::fbgemm, {1, 0}, {1, 0}}, {}};
  EXPECT_TRUE(fails_with([&] { int8::ConvTranspose2d{p}; }, {"2 scales of its weight, expected one"}));
  p.weight_scale = {1}, p.options.stride = 9;
  EXPECT_TRUE(fails_with([&] { int8::ConvTranspose2d{p}; }, {"stride (9, 9) of a kernel of (3, 3)"}));
}

InterpolateOptions interpolate_options(const Golden& g) {
  const double* factor = g["factor"].data<double>();
  return {g.number("bilinear") != 0 ? InterpolateMode::bilinear : InterpolateMode::nearest, g.number("align_corners") != 0,
          size2(g, "size"), factor[0], factor[1]};
}

TEST(DenseGolden, Interpolate) {
  for (int i = 0; i < 9; ++i) {
    const Golden g = golden("interpolate", i);
    const InterpolateOptions o = interpolate_options(g);
    EXPECT_TRUE(close(interpolate(g["x"], o), g["y"])) << i;
    EXPECT_TRUE(close(interpolate_backward(g["dy"], g["x"].shape(), o), g["dx"])) << i;
    EXPECT_TRUE(codes_equal(int8::interpolate(codes(g, "codes"), o, qparams(g, "qparams")), codes(g, "y_codes"))) << i;
  }
  const Tensor x = Tensor::zeros({1, 1, 4, 4});
  EXPECT_TRUE(fails_with([&] { interpolate(x, {.factor_h = 0.1, .factor_w = 1}); }, {"4 pixels to 0"}));
  EXPECT_TRUE(fails_with([&] { interpolate(x, {.factor_h = -1, .factor_w = 1}); }, {"scale factor -1"}));
}

TEST(DenseGolden, Pad) {
  for (int i = 0; i < 4; ++i) {
    const Golden g = golden("pad", i);
    const int32_t* s = g["sides"].data<int32_t>();
    const PadOptions o{
        static_cast<PadMode>(static_cast<int>(g.number("mode"))), s[0], s[1], s[2], s[3], static_cast<float>(g.number("value"))};
    EXPECT_TRUE(test::bits_equal(pad(g["x"], o), g["y"])) << i;
    EXPECT_TRUE(close(pad_backward(g["dy"], g["x"].shape(), o), g["dx"])) << i;
  }
  const Tensor x = Tensor::zeros({1, 1, 3, 3});
  EXPECT_TRUE(fails_with([&] { pad(x, {.mode = PadMode::reflect, .left = 3}); }, {"reflect 3 and 0 of 3 pixels"}));
  EXPECT_TRUE(fails_with([&] { pad(x, {.top = -2, .bottom = -1}); }, {"a pixel that is left"}));
}

TEST(DenseGolden, Norms) {
  for (int i = 0; i < 6; ++i) {
    const Golden g = golden("norm", i);
    const bool groups = g.number("kind") != 0;
    const auto over = static_cast<int64_t>(g.number("over"));
    const Tensor &x = g["x"], &w = g["w"], &b = g["b"];
    EXPECT_TRUE(close(groups ? group_norm(x, over, w, b, 1e-5f) : layer_norm(x, w.shape(), w, b, 1e-5f), g["y"])) << i;
    const NormGradients d =
        groups ? group_norm_backward(g["dy"], x, over, w, b, 1e-5f) : layer_norm_backward(g["dy"], x, w.shape(), w, b, 1e-5f);
    EXPECT_TRUE(close(d.x, g["dx"])) << i;
    EXPECT_TRUE(close(d.weight, g["dw"])) << i;
    EXPECT_TRUE(close(d.bias, g["db"])) << i;
  }
  const Tensor x = Tensor::zeros({2, 3, 4, 4});
  EXPECT_TRUE(fails_with([&] { group_norm(x, 2, {}, {}, 0); }, {"2 groups of the channels of [2, 3, 4, 4]"}));
  EXPECT_TRUE(fails_with([&] { layer_norm(x, {3, 4}, {}, {}, 0); }, {"over [3, 4] of [2, 3, 4, 4]"}));
}

TEST(DenseGolden, NormsOfCodes) {
  for (int i = 0; i < 6; ++i) {
    const Golden g = golden("norm_codes", i);
    const auto over = static_cast<std::ptrdiff_t>(g.number("over"));
    const Tensor x = codes(g, "x"), w = g.has("w") ? g["w"] : Tensor(), b = g.has("b") ? g["b"] : Tensor();
    const int8::NormCodes o{qparams(g, "input"), qparams(g, "output"), static_cast<float>(g.number("eps"))};
    const Shape shape = g["x"].shape();
    const Tensor y = over ? int8::layer_norm(x, {shape.end() - over, shape.end()}, w, b, o) : int8::instance_norm(x, w, b, o);
    EXPECT_TRUE(codes_equal(y, codes(g, "y"))) << i;
  }
  const Tensor x = test::random_codes({2, 4, 5, 3}, DType::quint8, 1);
  const int8::NormCodes o{{0.1f, 3}, {0.1f, 3}, 1e-5f};
  EXPECT_TRUE(fails_with([&] { int8::layer_norm(x, {5, 4}, {}, {}, o); }, {"of [2, 3, 4, 5] are not [5, 4]"}));
  EXPECT_TRUE(
      fails_with([&] { int8::instance_norm(x, Tensor::zeros({4}), {}, o); }, {"parameters float32 [4], expected", "[3]"}));
}

TEST(DenseGolden, CodesAndANumber) {
  const Golden g = golden("scalar", 0);
  const double *cases = g["cases"].data<double>(), *outputs = g["qparams"].data<double>();
  const Tensor all = g["codes"].view_as(DType::quint8);
  for (int64_t i = 0; i < all.size(0); ++i) {
    const double* c = cases + 5 * i;
    const auto kind = c[3] != 0 ? int8::ScalarKind::multiply : int8::ScalarKind::add;
    const int8::ScalarCodes y = int8::scalar_codes(kind, c[2], c[4] != 0, {static_cast<float>(c[0]), static_cast<int32_t>(c[1])});
    EXPECT_EQ(y.output, (QParams{static_cast<float>(outputs[2 * i]), static_cast<int32_t>(outputs[2 * i + 1])})) << i;
    EXPECT_TRUE(std::equal(y.table.begin(), y.table.end(), all.data<uint8_t>() + 256 * i)) << i;
  }
  EXPECT_TRUE(fails_with([] { int8::scalar_codes(int8::ScalarKind::add, 1e30, false, {0.1f, 3}); }, {"too large"}));
  EXPECT_TRUE(fails_with(
      [] {
        int8::scalar_codes(int8::ScalarKind::multiply, NAN, false, {0.1f, 3});
      },
      {"expected a finite one"}));
}

TEST(DenseGolden, Softmax) {
  for (int i = 0; i < 3; ++i) {
    const Golden g = golden("softmax", i);
    EXPECT_TRUE(close(softmax(g["x"]), g["y"])) << i;
    EXPECT_TRUE(close(softmax_backward(g["dy"], softmax(g["x"])), g["dx"])) << i;
    for (const Engine engine : int8::kEngines) {
      const std::string name(name_of(engine));
      EXPECT_TRUE(codes_equal(int8::softmax(codes(g, "codes"), qparams(g, "input"), rules_of(engine).softmax), codes(g, name)))
          << name << " " << i;
    }
  }
  EXPECT_TRUE(fails_with([] { softmax(Tensor::zeros({2, 0})); }, {"softmax", "with a channel at least", "[2, 0]"}));
}

TEST(DenseGolden, PRelu) {
  for (int i = 0; i < 2; ++i) {
    const Golden g = golden("prelu", i);
    EXPECT_TRUE(test::bits_equal(prelu(g["x"], g["w"]), g["y"])) << i;
    const PReluGradients d = prelu_backward(g["dy"], g["x"], g["w"]);
    EXPECT_TRUE(close(d.x, g["dx"])) << i;
    EXPECT_TRUE(close(d.weight, g["dw"])) << i;
  }
}

TEST(DenseGolden, DilatedMaxPool) {
  for (int i = 0; i < 3; ++i) {
    const Golden g = golden("max_pool2d", i);
    const MaxPool2dOptions o{.kernel = size2(g, "kernel"),
                             .stride = size2(g, "stride"),
                             .padding = size2(g, "padding"),
                             .ceil_mode = g.number("ceil_mode") != 0,
                             .dilation = size2(g, "dilation")};
    EXPECT_TRUE(test::bits_equal(max_pool2d(g["x"], o), g["y"])) << i;
    EXPECT_TRUE(test::bits_equal(to_channels_first(max_pool2d_channels_last(to_channels_last(g["x"]), o)), g["y"])) << i;
    const MaxPooled pooled = max_pool2d_with_indices(g["x"], o);
    EXPECT_TRUE(test::bits_equal(pooled.y, g["y"])) << i;
    EXPECT_TRUE(close(max_pool2d_backward(g["dy"], pooled.indices, g["x"].shape(), o), g["dx"])) << i;
    EXPECT_TRUE(codes_equal(int8::max_pool2d(codes(g, "codes"), o), codes(g, "y_codes"))) << i;
  }
  EXPECT_TRUE(fails_with(
      [] {
        max_pool2d(Tensor::zeros({1, 1, 3, 9}), {.kernel = 2, .stride = 1, .padding = {1, 0}, .dilation = {4, 1}});
      },
      {"dilation (4, 1) of (3, 9) pixels"}));
}

}  // namespace
}  // namespace octet::ops
