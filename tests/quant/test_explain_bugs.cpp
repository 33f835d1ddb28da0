// A bug that is put into a kernel on purpose is found by check_all, at the nodes that compute with it and at no others.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "ops/cpu/isa.h"
#include "quant/explain/explain.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using ops::cpu::Kernels;

/// The table that this process uses, to be written: it is made at run time, and so lies in memory that can be.
Kernels& table() { return const_cast<Kernels&>(ops::cpu::kernels()); }

Kernels whole;  // the kernels as they were
struct Restored {
  Restored() { whole = table(); }
  ~Restored() { table() = whole; }
};

constexpr int64_t kChannels = 32;

/// Two 3x3 convolutions with an addition behind them, a depthwise convolution, a linear layer; on images [1, 32, 12, 12].
nn::Graph network(const std::string& backend) {
  nn::Sequential net;
  net.append<nn::BasicBlock>(kChannels, kChannels, 1);
  net.append<nn::Conv2d>(kChannels, kChannels, nn::Conv2d::Options{.kernel = 3, .padding = 1, .groups = kChannels});
  net.append<nn::AdaptiveAvgPool2d>(1);
  net.append<nn::FastaiFlatten>();
  net.append<nn::Linear>(kChannels, 5);
  test::fill_by_formula(net);
  const QConfigMapping mapping = get_default_qconfig_mapping(backend);
  const nn::Graph prepared = prepare(nn::trace(net, Tensor::zeros({1, kChannels, 12, 12})), mapping);
  nn::run(prepared, test::random_floats({1, kChannels, 12, 12}, 1));
  return convert(prepared, mapping);
}

/// What check_all finds wrong, "TYPE way" of each.
std::set<std::string> found(const std::string& backend) {
  std::set<std::string> wrong;
  for (const NodeCheck& check : check_all(network(backend), test::random_floats({1, kChannels, 12, 12}, 2)))
    if (check.equal != check.total) wrong.insert(check.type + (check.way.empty() ? "" : " " + check.way));
  return wrong;
}

/// Does this CPU have that way of computing a convolution of the network? Portable kernels have few.
bool has_way(const std::string& way) {
  const auto checks = check_all(network("qnnpack"), test::random_floats({1, kChannels, 12, 12}, 2));
  return std::ranges::any_of(checks, [&](const NodeCheck& check) { return check.way == way; });
}

/// All of them are of this type or way, and there is one.
void expect_found(const std::string& what, const std::string& backend = "qnnpack") {
  const std::set<std::string> wrong = found(backend);
  EXPECT_FALSE(wrong.empty()) << what << ": the bug was not found";
  for (const std::string& name : wrong) EXPECT_NE(name.find(what), std::string::npos) << name << " for a bug of " << what;
}

TEST(ExplainBugs, NoneWithoutOne) { EXPECT_TRUE(found("qnnpack").empty()); }

TEST(ExplainBugs, Quantize) {
  const Restored restored;
  table().quantize_row = [](const float* x, int64_t plane, int64_t C, int64_t W, const ops::cpu::QuantizeConstants& c,
                            uint8_t* codes) {
    whole.quantize_row(x, plane, C, W, c, codes);
    codes[0] ^= 1;
  };
  expect_found("Quantize");
}

TEST(ExplainBugs, Additions) {
  const Restored restored;
  static ops::cpu::QAddKernels broken;
  broken.by_shift = [](const uint8_t* a, const uint8_t* b, const ops::cpu::QAddRuns& runs, const ops::cpu::QAddShift& c,
                       uint8_t* y) {
    whole.qadd->by_shift(a, b, runs, c, y);
    y[0] ^= 1;
  };
  broken.by_float = [](const uint8_t* a, const uint8_t* b, const ops::cpu::QAddRuns& runs, const ops::cpu::QAddFloat& c,
                       uint8_t* y) {
    whole.qadd->by_float(a, b, runs, c, y);
    y[0] ^= 1;
  };
  table().qadd = &broken;
  expect_found("QuantizedAdd", "qnnpack");
  expect_found("QuantizedAdd", "fbgemm");
}

/// im2col's product, which linear layers have, too; the convolutions that go another way do not differ.
TEST(ExplainBugs, Products) {
  const Restored restored;
  table().qgemm = [](const int16_t* a, int64_t rows, const int16_t* panels, int64_t outputs, int64_t depth, int32_t* acc) {
    whole.qgemm(a, rows, panels, outputs, depth, acc);
    acc[0] ^= 1 << 20;
  };
  const std::set<std::string> wrong = found("qnnpack");
  EXPECT_TRUE(wrong.contains("QuantizedLinear"));
  EXPECT_EQ(std::ranges::count_if(wrong, [](const std::string& name) { return name.ends_with("im2col"); }),
            static_cast<std::ptrdiff_t>(wrong.size()) - 1);
}

TEST(ExplainBugs, DirectConvolutions) {
  if (!has_way("direct")) GTEST_SKIP() << "no direct convolutions with these kernels";
  const Restored restored;
  static ops::cpu::ConvKernel broken;
  broken = *whole.qconv;
  broken.tile = [](const ops::cpu::ConvView& w, const ops::cpu::ConvTile& tile, int64_t strip) {
    whole.qconv->tile(w, tile, strip);
    tile.y[strip * whole.qconv->strip] ^= 1;
  };
  table().qconv = &broken;
  for (const std::string& name : found("qnnpack")) EXPECT_TRUE(name.ends_with("direct") || name.ends_with("fused")) << name;
  EXPECT_FALSE(found("qnnpack").empty());
}

TEST(ExplainBugs, DepthwiseConvolutions) {
  if (!has_way("depthwise")) GTEST_SKIP() << "no depthwise convolutions with these kernels";
  const Restored restored;
  static ops::cpu::DepthwiseKernel broken;
  broken = *whole.qdepthwise;
  broken.multiply = [](const ops::cpu::DepthwiseView& w, const ops::cpu::DepthwiseTile& tile, int64_t block) {
    whole.qdepthwise->multiply(w, tile, block);
    tile.y[block * whole.qdepthwise->block] ^= 1;
  };
  table().qdepthwise = &broken;
  expect_found("depthwise");
}

TEST(ExplainBugs, Winograd) {
  if (!has_way("winograd")) GTEST_SKIP() << "no winograd convolutions with these kernels";
  const Restored restored;
  static ops::cpu::WinogradInt16 broken;
  broken = *whole.winograd_int16;
  broken.input = [](const uint8_t* image, int64_t row_stride, int64_t C, uint8_t zero, int16_t* v, int64_t place_stride) {
    whole.winograd_int16->input(image, row_stride, C, zero, v, place_stride);
    v[0] ^= 64;
  };
  broken.border_input = [](const uint8_t* const* pixels, int64_t C, uint8_t zero, int16_t* v, int64_t place_stride) {
    whole.winograd_int16->border_input(pixels, C, zero, v, place_stride);
    v[0] ^= 64;
  };
  table().winograd_int16 = &broken;
  const std::set<std::string> wrong = found("qnnpack");
  for (const std::string& name : wrong) EXPECT_TRUE(name.find("winograd") != name.npos || name.ends_with("fused")) << name;
  EXPECT_TRUE(wrong.contains("QuantizedConvReLU2d winograd"));
}

/// The same with plain weights, for few tiles.
TEST(ExplainBugs, WinogradWithPlainWeights) {
  if (!has_way("winograd_fused")) GTEST_SKIP() << "no such convolutions with these kernels";
  const Restored restored;
  static ops::cpu::WinogradFused broken;
  broken.multiply_row = [](int row, const ops::cpu::WinogradFused::Needed& needed, const int16_t* v, int64_t place_stride,
                           int64_t C, const int8_t* weights, const int8_t* ahead, int32_t* m, int64_t m_stride,
                           int64_t tile_stride) {
    whole.winograd_fused->multiply_row(row, needed, v, place_stride, C, weights, ahead, m, m_stride, tile_stride);
    m[0] += 576 << 10;
  };
  table().winograd_fused = &broken;
  const std::set<std::string> wrong = found("qnnpack");
  for (const std::string& name : wrong) EXPECT_TRUE(name.ends_with("winograd_fused") || name.ends_with("fused")) << name;
  EXPECT_TRUE(wrong.contains("QuantizedConvReLU2d winograd_fused"));
}

}  // namespace
}  // namespace octet::quant
